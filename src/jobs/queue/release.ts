/**
 * Jobs of one ordering key stand in a line: only its head can be waiting or running, the others are `scheduled` behind
 * it. Whoever ends a head lets the next one out.
 */
import type { ClientSession, Types } from "mongoose";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { type JobsCollection, jobsCollection } from "./jobs.collection";
import { stackNow } from "./server.time";

export interface OrderingLine {
  readonly clientCode: string;
  readonly orderingKey: string;
}

interface FirstInLine {
  readonly _id: OrderingLine;
  readonly first: Types.ObjectId;
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
  const blocked = await headed(jobs, lines, session);
  const free = lines.filter((line) => !blocked.has(named(line)));
  if (free.length === 0) return 0;
  const firsts = await jobs
    .aggregate<FirstInLine>(
      [
        {
          $match: {
            $or: free.map(({ clientCode, orderingKey }) => ({ clientCode, orderingKey, blockedBy: "key" })),
          },
        },
        { $sort: { clientCode: 1, orderingKey: 1, orderingSeq: 1 } },
        {
          $group: {
            _id: { clientCode: "$clientCode", orderingKey: "$orderingKey" },
            first: { $first: "$_id" },
          },
        },
      ],
      { session },
    )
    .toArray();

  let released = 0;
  for (const { first } of firsts) {
    try {
      const update = await jobs.updateOne({ _id: first, blockedBy: "key" }, intoHead(), { session });
      released += update.modifiedCount;
    } catch (error) {
      // Somebody else made a head of this line in between, which is all we wanted.
      if (session || !isDuplicateKey(error)) throw error;
    }
  }
  return released;
}

/**
 * The safety net: lines that lost their head without a successor (a crash in between), found by the `line` index.
 * @param limit how many lines to look at in one go.
 */
export async function releaseOrphans(limit = 1_000): Promise<number> {
  const jobs = await jobsCollection();
  const lines = await jobs
    .aggregate<{ _id: OrderingLine }>(
      [
        { $match: { blockedBy: "key" } },
        { $sort: { clientCode: 1, orderingKey: 1, orderingSeq: 1 } },
        { $group: { _id: { clientCode: "$clientCode", orderingKey: "$orderingKey" } } },
        { $sample: { size: limit } },
      ],
      { hint: "line" },
    )
    .toArray();
  return releaseNext(lines.map(({ _id }) => _id));
}
