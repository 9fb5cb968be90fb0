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
  try {
    await refreshClock();
    const sweeps = await sweepMarkedTenants();
    return sweeps + (await fireDue(cronCatalog));
  } catch (error) {
    rootLogger().warn("The sweeps and recurring jobs could not be enqueued; trying again.", {}, error);
    return 0;
  }
}
