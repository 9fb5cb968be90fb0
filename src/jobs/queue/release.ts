/**
 * Jobs of one ordering key stand in a line: only its head can be waiting or running, the others are `scheduled` behind
 * it. Whoever ends a head lets the next one out.
 */
import { type ClientSession, mongo } from "mongoose";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { type JobsCollection, jobsCollection } from "./jobs.collection";
import { stackNow } from "./server.time";

export interface OrderingLine {
  readonly clientCode: string;
  readonly orderingKey: string;
}

/** The next job of a line becomes its head, at once or when its own time has come. */
const intoHead = () => [
  {
    $set: {
      head: true,
      blockedBy: null,
      state: { $cond: [{ $lte: ["$runAt", stackNow()] }, "waiting", "scheduled"] },
    },
  },
];

const lineIndex = { clientCode: 1, orderingKey: 1, orderingSeq: 1 } as const;

const named = ({ clientCode, orderingKey }: OrderingLine): string => `${clientCode}\n${orderingKey}`;

/** Of these lines, the ones that have an unended head. */
async function headed(
  jobs: JobsCollection,
  lines: readonly OrderingLine[],
  session: ClientSession | undefined,
) {
  const heads = await jobs
    .find(
      { $or: lines.map(({ clientCode, orderingKey }) => ({ clientCode, orderingKey, head: true })) },
      { session, projection: { _id: 0, clientCode: 1, orderingKey: 1 } },
    )
    .toArray();
  return new Set(heads.map(({ clientCode, orderingKey = "" }) => named({ clientCode, orderingKey })));
}

/**
 * Lets the first job out of each of these lines that has no head. Inside the transaction that ended the heads, or
 * outside of one: there the unique index decides when two do it at once.
 * @returns how many were let out.
 */
export async function releaseNext(lines: readonly OrderingLine[], session?: ClientSession): Promise<number> {
  if (lines.length === 0) return 0;
  const jobs = await jobsCollection();
  const free = new Map(lines.map((line) => [named(line), line]));
  for (const name of await headed(jobs, [...free.values()], session)) free.delete(name);
  let released = 0;
  for (const line of free.values()) released += (await releaseFirst(jobs, line, session)) ? 1 : 0;
  return released;
}

/** One statement and two keys a line, however long it is. */
async function releaseFirst(
  jobs: JobsCollection,
  { clientCode, orderingKey }: OrderingLine,
  session: ClientSession | undefined,
): Promise<boolean> {
  try {
    const row = await jobs.findOneAndUpdate({ clientCode, orderingKey, blockedBy: "key" }, intoHead(), {
      sort: { orderingSeq: 1 },
      hint: lineIndex,
      projection: { _id: 1 },
      session,
    });
    return row !== null;
  } catch (error) {
    // Somebody else made a head of this line in between, which is all we wanted.
    if (session || !isDuplicateKey(error)) throw error;
    return false;
  }
}

/** Where the next look for orphans goes on: behind this line. */
let lookedAtUntil: OrderingLine | undefined;

/**
 * The safety net: lines that lost their head without a successor (a crash in between). Looks at so many jobs of the
 * `line` index at each call, going round: what it costs does not grow with how many are in line.
 */
export async function releaseOrphans(limit = 1_000): Promise<number> {
  const jobs = await jobsCollection();
  const ahead = await linesFrom(jobs, lookedAtUntil, limit);
  // At the end: on from the beginning.
  const more =
    lookedAtUntil && ahead.length < limit ? await linesFrom(jobs, undefined, limit - ahead.length) : [];
  const seen = [...ahead, ...more];
  lookedAtUntil = seen.length < limit ? undefined : seen.at(-1);
  return releaseNext(seen);
}

async function linesFrom(
  jobs: JobsCollection,
  behind: OrderingLine | undefined,
  limit: number,
): Promise<OrderingLine[]> {
  const min = behind && { ...behind, orderingSeq: new mongo.MaxKey() };
  return jobs
    .find({ blockedBy: "key" }, { hint: lineIndex, ...(min ? { min } : {}) })
    .project<OrderingLine>({ _id: 0, clientCode: 1, orderingKey: 1 })
    .limit(limit)
    .toArray();
}
