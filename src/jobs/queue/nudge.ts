/**
 * Tells whoever drains that there is work: a drain in this very process at once, else the poller of the tenant's shard
 * by one asynchronous invoke, unless it is running already. Coalesced per process and, by a mark, over all of them: a
 * burst of requests starts one poller. A nudge that is lost costs latency, never a job: the schedule looks every minute.
 */
import { env } from "../../lib/env/env";
import { rootLogger } from "../../lib/log/logger";
import { invokeFunction } from "./invoke.function";
import type { QueueName } from "./job.catalog";
import { takeNudge } from "./nudge.mark";
import { shardIsServed, shardOf } from "./shard";
import { wakeLocalDrains } from "./wake";

const coalesceMs = 1_000;
const lastNudge = new Map<string, number>();

/** A place with new work: a queue and the tenant whose job it is. */
export interface NewWork {
  readonly queue: QueueName;
  readonly clientCode: string;
}

/** The function that polls a queue; empty where there is none. */
export const pollerOf = (queue: QueueName): string =>
  queue === "media" ? env().MEDIA_POLLER_FUNCTION_NAME : env().POLLER_FUNCTION_NAME;

/**
 * Says that there are jobs that may run now. Awaited before a request ends, since a frozen sandbox would lose it;
 * takes a few ms, at most half a second, and never throws.
 */
export async function announce(work: readonly NewWork[]): Promise<void> {
  const places = new Map<string, { queue: QueueName; shard: number }>();
  for (const { queue, clientCode } of work) {
    if (wakeLocalDrains(queue, clientCode)) continue;
    const shard = shardOf(clientCode);
    places.set(`${queue}:${shard}`, { queue, shard });
  }
  await Promise.all([...places].map(([place, { queue, shard }]) => nudgePoller(place, queue, shard)));
}

async function nudgePoller(place: string, queue: QueueName, shard: number): Promise<void> {
  const name = pollerOf(queue);
  const since = performance.now() - (lastNudge.get(place) ?? Number.NEGATIVE_INFINITY);
  if (name === "" || since < coalesceMs) return;
  try {
    // Read after the job was stored: a poller that leaves its shard looks once more after that, so one of us sees it.
    if (await shardIsServed(queue, shard)) return;
    lastNudge.set(place, performance.now());
    if (await takeNudge(place, coalesceMs)) await invokeFunction(name, { shard });
  } catch (error) {
    rootLogger().warn("The poller could not be nudged; its schedule picks the job up.", { place }, error);
  }
}
