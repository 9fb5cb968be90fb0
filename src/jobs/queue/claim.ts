import { randomUUID } from "node:crypto";
import type { Types } from "mongoose";
import type { JobRecord } from "../../model/clients/job.schema";
import type { QueueName } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";

export interface ClaimRequest {
  readonly queue: QueueName;
  readonly clientCode: string;
  /** How many at most. */
  readonly count: number;
  /** Who asks; for people who look at the queue. */
  readonly workerId: string;
}

/** A job in somebody's hands. `token` is the fence: every later write names it and changes nothing once it is gone. */
export interface ClaimedJob {
  readonly id: Types.ObjectId;
  readonly token: string;
  readonly clientCode: string;
  readonly queue: string;
  readonly type: string;
  readonly payload: unknown;
  readonly payloadVersion: number;
  /** Counts this one. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Leases of it that ran out so far. */
  readonly crashes: number;
  readonly leaseMs: number;
  readonly orderingKey: string | undefined;
  readonly requestId: string;
  /** When it became due, by the stack's clock. */
  readonly runAt: Date;
}

export interface Claim {
  readonly jobs: ClaimedJob[];
  /** The tenant had no more waiting jobs than these. */
  readonly exhausted: boolean;
}

const bestFirst = { priority: -1, runAt: 1, _id: 1 } as const;
/** The `claim` index: it serves the filter and the order, so a claim looks at as many keys as it takes jobs. */
const claimIndex = { state: 1, queue: 1, clientCode: 1, ...bestFirst } as const;

/** What becomes of a waiting job: the attempt counts from here, and the lease is by the server's clock. */
function taken(token: string, workerId: string) {
  return [
    {
      $set: {
        state: "running",
        token,
        workerId,
        startedAt: "$$NOW",
        attempts: { $add: ["$attempts", 1] },
        leaseUntil: { $add: ["$$NOW", "$leaseMs"] },
      },
    },
  ];
}

function toClaimed(row: JobRecord): ClaimedJob {
  return {
    id: row._id,
    token: row.token ?? "",
    clientCode: row.clientCode,
    queue: row.queue,
    type: row.type,
    payload: row.payload,
    payloadVersion: row.payloadVersion,
    attempt: row.attempts,
    maxAttempts: row.maxAttempts,
    crashes: row.crashes,
    leaseMs: row.leaseMs,
    orderingKey: row.orderingKey,
    requestId: row.requestId,
    runAt: row.runAt,
  };
}

/** One job by one atomic `findOneAndUpdate`: what a runner with a single free slot uses. */
async function claimOne({ queue, clientCode, workerId }: ClaimRequest): Promise<Claim> {
  const jobs = await jobsCollection();
  const row = await jobs.findOneAndUpdate(
    { state: "waiting", queue, clientCode },
    taken(randomUUID(), workerId),
    { sort: bestFirst, hint: claimIndex, returnDocument: "after" },
  );
  return row ? { jobs: [toClaimed(row)], exhausted: false } : { jobs: [], exhausted: true };
}

/**
 * Takes up to `count` waiting jobs of one tenant, best first. One: by `findOneAndUpdate`. Several: candidates by the
 * index, then an update that checks the state again and stamps a token. When another claimer took some of them in
 * between, a read by that token tells which ones this claim won.
 */
export async function claim(request: ClaimRequest): Promise<Claim> {
  if (request.count <= 1) return claimOne(request);
  const jobs = await jobsCollection();
  const candidates = await jobs
    .find({ state: "waiting", queue: request.queue, clientCode: request.clientCode })
    .project<JobRecord>({ failures: 0 })
    .sort(bestFirst)
    .hint(claimIndex)
    .limit(request.count)
    .toArray();
  const exhausted = candidates.length < request.count;
  if (candidates.length === 0) return { jobs: [], exhausted };

  const token = randomUUID();
  const update = await jobs.updateMany(
    { _id: { $in: candidates.map(({ _id }) => _id) }, state: "waiting" },
    taken(token, request.workerId),
  );
  const won =
    update.modifiedCount === candidates.length
      ? candidates
      : await onlyMine(candidates, token, update.modifiedCount);
  return {
    jobs: won.map((row) => toClaimed({ ...row, token, attempts: row.attempts + 1 })),
    exhausted,
  };
}

async function onlyMine(
  candidates: readonly JobRecord[],
  token: string,
  count: number,
): Promise<JobRecord[]> {
  if (count === 0) return [];
  const jobs = await jobsCollection();
  const mine = await jobs
    .find({ token, state: "running" })
    .project<{ _id: Types.ObjectId }>({ _id: 1 })
    .hint("token")
    .toArray();
  const ids = new Set(mine.map(({ _id }) => _id.toHexString()));
  return candidates.filter(({ _id }) => ids.has(_id.toHexString()));
}
