import { drainUntilIdle } from "../../src/jobs/drain.until.idle";
import type { JobHandlers } from "../../src/jobs/queue/job.handler";
import type { EventDispatcher } from "../../src/lib/context/tenant.context";

const limitMs = 120_000;

/**
 * Runs every due job, and every job that those enqueue, until nothing is left.
 * @param dispatch who hears of the events; the composition point's `dispatchEvents`, or nobody when absent.
 * @returns how many attempts were made.
 * @throws Error when there is still work after two minutes: a job that comes back for ever.
 */
export async function drainAll(
  dispatch: EventDispatcher = async () => undefined,
  handlers?: JobHandlers,
): Promise<number> {
  const { ran, done } = await drainUntilIdle({ dispatch, limitMs, ...(handlers ? { handlers } : {}) });
  if (!done) throw new Error(`The queue was still busy after ${limitMs / 1000} s and ${ran} attempts.`);
  return ran;
}
