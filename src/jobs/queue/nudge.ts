/**
 * Tells whoever drains that there is work: a drain in this very process at once, else the poller by one asynchronous
 * invoke. Coalesced per process and, by a mark, over all of them: a burst of requests starts one poller. A nudge that
 * is lost costs latency, never a job: the schedule looks every minute.
 */

import { env } from "../../lib/env/env";
import { rootLogger } from "../../lib/log/logger";
import { invokeFunction } from "./invoke.function";
import type { QueueName } from "./job.catalog";
import { takeNudge } from "./nudge.mark";
import { wakeLocalDrains } from "./wake";

const coalesceMs = 1_000;
const lastNudge = new Map<QueueName, number>();

const pollerOf = (queue: QueueName): string =>
  queue === "media" ? env().MEDIA_POLLER_FUNCTION_NAME : env().POLLER_FUNCTION_NAME;

/**
 * Says that these queues have a job that may run now. Awaited before a request ends, since a frozen sandbox would
 * lose it; takes a few ms, at most half a second, and never throws.
 */
export async function announce(queues: readonly QueueName[]): Promise<void> {
  await Promise.all(queues.filter((queue) => !wakeLocalDrains(queue)).map(nudgePoller));
}

async function nudgePoller(queue: QueueName): Promise<void> {
  const name = pollerOf(queue);
  const since = performance.now() - (lastNudge.get(queue) ?? Number.NEGATIVE_INFINITY);
  if (name === "" || since < coalesceMs) return;
  lastNudge.set(queue, performance.now());
  try {
    if (await takeNudge(queue, coalesceMs)) await invokeFunction(name, { nudge: queue });
  } catch (error) {
    rootLogger().warn("The poller could not be nudged; its schedule picks the job up.", { queue }, error);
  }
}
