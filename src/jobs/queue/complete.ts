import type { ClientSession, mongo } from "mongoose";
import { isCentralSession } from "../../lib/db/central.connection";
import type { JobRecord } from "../../model/clients/job.schema";
import type { ClaimedJob } from "./claim";
import { endingHeads, lineOf } from "./end.job";
import { ForeignSessionError } from "./job.errors";
import { jobsCollection } from "./jobs.collection";
import { releaseNext } from "./release";
import { ended } from "./transitions";

export interface FinishedJob {
  readonly job: ClaimedJob;
  /** What its handler returned: ids and counts. */
  readonly result?: Readonly<Record<string, unknown>>;
}

type Statement = mongo.AnyBulkWriteOperation<JobRecord>;

/** One statement for all jobs of a token that have no result, one for each that has: all in one round trip. */
function statements(finished: readonly FinishedJob[]): Statement[] {
  const plain = new Map<string, ClaimedJob[]>();
  const all: Statement[] = [];
  for (const { job, result } of finished) {
    if (result) {
      const filter = { _id: job.id, token: job.token, state: "running" as const };
      all.push({ updateOne: { filter, update: ended("done", { result: { $literal: result } }) } });
    } else plain.set(job.token, [...(plain.get(job.token) ?? []), job]);
  }
  for (const [token, jobs] of plain) {
    const filter = { _id: { $in: jobs.map(({ id }) => id) }, token, state: "running" as const };
    all.push({ updateMany: { filter, update: ended("done") } });
  }
  return all;
}

/**
 * Marks jobs done, grouped into one write, fenced by their tokens. Those with an ordering key let their successors out
 * in the transaction that ends them.
 * @returns how many were still ours; the others' results are dropped, since somebody else has the job by now.
 */
export async function complete(finished: readonly FinishedJob[]): Promise<number> {
  const jobs = await jobsCollection();
  const keyed = finished.filter(({ job }) => job.orderingKey !== undefined);
  const free = finished.filter(({ job }) => job.orderingKey === undefined);
  const counts = await Promise.all(
    [free, keyed]
      .filter((group) => group.length > 0)
      .map((group) =>
        endingHeads(
          group.flatMap(({ job }) => lineOf(job)),
          async (session) =>
            (await jobs.bulkWrite(statements(group), { ordered: false, session })).matchedCount,
        ),
      ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * Marks one job done inside a transaction of the central database, fenced by its token, and lets the next of its line
 * out in it.
 * @returns false when it is not ours any more: then the caller's transaction must not commit.
 * @throws ForeignSessionError for a session that is not of `inCentralTransaction`.
 */
export async function completeInside(finished: FinishedJob, session: ClientSession): Promise<boolean> {
  if (!isCentralSession(session)) throw new ForeignSessionError();
  const jobs = await jobsCollection();
  const written = await jobs.bulkWrite(statements([finished]), { session });
  if (written.matchedCount === 0) return false;
  await releaseNext(lineOf(finished.job), session);
  return true;
}
