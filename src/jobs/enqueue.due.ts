import { refreshClock } from "../lib/clock/clock";
import { rootLogger } from "../lib/log/logger";
import { cronCatalog } from "./cron.catalog";
import { fireDue } from "./queue/cron";
import { sweepMarkedTenants } from "./sweep.marked.tenants";

/**
 * Enqueues what nobody asks for: the sweeps of tenants that were written to, and recurring jobs that are due. Any number
 * of processes may do it at once. What fails is logged and tried again at the next call; it keeps nobody from draining.
 * @returns how many jobs were enqueued.
 */
export async function enqueueWhatIsDue(): Promise<number> {
  await attempt("clock", async () => {
    await refreshClock();
    return 0;
  });
  const sweeps = await attempt("sweeps", sweepMarkedTenants);
  return sweeps + (await attempt("recurring jobs", () => fireDue(cronCatalog)));
}

/** One that fails keeps the others from nothing. */
async function attempt(what: string, enqueue: () => Promise<number>): Promise<number> {
  try {
    return await enqueue();
  } catch (error) {
    rootLogger().warn("Not everything that is due could be enqueued; trying again.", { what }, error);
    return 0;
  }
}
