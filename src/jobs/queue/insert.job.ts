import type { ClientSession, Types } from "mongoose";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import type { JobRecord, JobState } from "../../model/clients/job.schema";
import { lineOf } from "./end.job";
import { isImmediate, type JobDraft, type NewJob } from "./job.draft";
import { jobsCollection } from "./jobs.collection";
import { lineIsBusy, takeOrderingNumbers } from "./place.in.line";
import { releaseNext } from "./release";
import { stackNow, stackNowPlus } from "./server.time";

/** Each retry is a race lost to another enqueue of the same key; losing this often in a row does not happen. */
const tries = 5;

export interface Inserted {
  readonly id: Types.ObjectId;
  /** False: a job with this unique key was there and has not ended. */
  readonly created: boolean;
  readonly state: JobState;
}

/** When the job may run, as an expression for the server. */
function dueAt(job: Pick<NewJob, "delayMs" | "runAt">): unknown {
  if (isImmediate(job)) return stackNow();
  return job.runAt ?? stackNowPlus(job.delayMs ?? 0);
}

/** Where the job stands: free or head, waiting or scheduled as its time says; or in line, scheduled behind a head. */
function placeFields(
  draft: JobDraft,
  job: Pick<NewJob, "delayMs" | "runAt">,
  seq: number | undefined,
  inLine: boolean,
) {
  const runAt = dueAt(job);
  const byTime = { $cond: [{ $lte: [runAt, stackNow()] }, "waiting", "scheduled"] };
  return {
    runAt,
    createdAt: stackNow(),
    state: inLine ? "scheduled" : byTime,
    blockedBy: inLine ? "key" : null,
    ...(seq === undefined ? {} : { orderingSeq: seq }),
    ...(draft.orderingKey === undefined || inLine ? {} : { head: true }),
  };
}

/** One upsert: the server computes the times, and an unended job with the same unique key is left as it is. */
async function upsert(
  draft: JobDraft,
  fields: Record<string, unknown>,
  session: ClientSession | undefined,
): Promise<Inserted> {
  const jobs = await jobsCollection();
  const { _id, clientCode, type, activeKey } = draft;
  const filter = activeKey === undefined ? { _id } : { clientCode, type, activeKey };
  const whole = { $mergeObjects: [{ $literal: draft }, fields] };
  const row = await jobs.findOneAndUpdate(
    filter,
    [{ $replaceWith: { $cond: [{ $eq: [{ $type: "$state" }, "missing"] }, whole, "$$ROOT"] } }],
    { upsert: true, returnDocument: "after", projection: { _id: 1, state: 1 }, session },
  );
  if (!row) throw new Error("The server did not answer the job it stored.");
  return { id: row._id, created: row._id.equals(_id), state: row.state };
}

/**
 * Stores one job, with one round trip when it has no ordering key.
 * @param seq its place in the order of its key, from `takeOrderingNumbers`; taken here when absent.
 */
export async function insertJob(
  draft: JobDraft,
  job: Pick<NewJob, "delayMs" | "runAt">,
  session?: ClientSession,
): Promise<Inserted> {
  const [line] = lineOf(draft);
  const seq = line ? await takeOrderingNumbers() : undefined;
  for (let tried = 1; ; tried++) {
    const inLine = line ? await lineIsBusy(line, session) : false;
    try {
      const inserted = await upsert(draft, placeFields(draft, job, seq, inLine), session);
      // Its head may have ended just before it got in line: then nobody else would let it out.
      if (line && inLine && inserted.created) await releaseNext([line], session);
      return inserted;
    } catch (error) {
      // Inside a transaction the server has aborted it already: the caller's transaction is run again as a whole.
      if (session || tried >= tries || !isDuplicateKey(error)) throw error;
    }
  }
}

/** Rows that need nothing from the server but its time: for inserts in bulk. */
export function plainRow(
  draft: JobDraft,
  job: Pick<NewJob, "delayMs" | "runAt">,
  stackTime: Date,
): JobRecord {
  const runAt = job.runAt ?? new Date(stackTime.getTime() + (job.delayMs ?? 0));
  return {
    ...draft,
    runAt: isImmediate(job) ? stackTime : runAt,
    createdAt: stackTime,
    state: runAt <= stackTime ? "waiting" : "scheduled",
    blockedBy: null,
  };
}
