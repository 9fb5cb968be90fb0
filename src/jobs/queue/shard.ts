/**
 * A queue's tenants are spread over a fixed number of shards, and one poller serves a shard at a time. That is what
 * keeps a burst of invokes from becoming a burst of pollers. Leases are by the server's clock alone.
 */
import { createHash } from "node:crypto";
import { env } from "../../lib/env/env";
import type { QueueName } from "./job.catalog";
import { pollersCollection } from "./jobs.collection";

export const shardLeaseMs = 15_000;
const never = new Date(0);

const idOf = (queue: QueueName, shard: number): string => `${queue}:${shard}`;

/** The shard that a tenant's jobs belong to, the same in every process. */
export function shardOf(clientCode: string, shards = env().POLLER_SHARDS): number {
  if (shards === 1) return 0;
  return createHash("sha1").update(clientCode).digest().readUInt32BE(0) % shards;
}

/** Takes a shard for this holder, if nobody serves it. @returns whether it did. */
export async function takeShard(queue: QueueName, shard: number, holder: string): Promise<boolean> {
  const pollers = await pollersCollection();
  const free = { $lt: [{ $ifNull: ["$until", never] }, "$$NOW"] };
  const row = await pollers.findOneAndUpdate(
    { _id: idOf(queue, shard) },
    [
      {
        $set: {
          holder: { $cond: [free, holder, "$holder"] },
          until: { $cond: [free, { $add: ["$$NOW", shardLeaseMs] }, "$until"] },
        },
      },
    ],
    { upsert: true, returnDocument: "after" },
  );
  return row?.holder === holder;
}

/** Renews a held shard. @returns false when it was lost. */
export async function keepShard(queue: QueueName, shard: number, holder: string): Promise<boolean> {
  const pollers = await pollersCollection();
  const kept = await pollers.updateOne({ _id: idOf(queue, shard), holder }, [
    { $set: { until: { $add: ["$$NOW", shardLeaseMs] } } },
  ]);
  return kept.matchedCount > 0;
}

/** Lets go of a shard; only the holder's own hold is touched. */
export async function leaveShard(queue: QueueName, shard: number, holder: string): Promise<void> {
  const pollers = await pollersCollection();
  await pollers.deleteOne({ _id: idOf(queue, shard), holder });
}

/** Whether somebody serves this shard now: then it will find new work by itself. */
export async function shardIsServed(queue: QueueName, shard: number): Promise<boolean> {
  const pollers = await pollersCollection();
  const served = await pollers.findOne(
    { _id: idOf(queue, shard), $expr: { $gte: ["$until", "$$NOW"] } },
    { projection: { _id: 1 } },
  );
  return served !== null;
}
