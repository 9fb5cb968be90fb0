import { randomUUID } from "node:crypto";
import { trusted } from "mongoose";
import { now } from "../lib/clock/clock";
import { getCentralModels } from "../lib/db/get.central.models";
import { enqueue } from "./queue/enqueue";

const minuteMs = 60_000;
/** A mark's own minute, and one more in which the last of what was written under it becomes old enough to sweep. */
const settledMs = 2 * minuteMs;
const most = 1_000;

/**
 * Enqueues one `tenant.sweep` for each tenant that was written to in a minute that ended a minute ago: then sweeps take
 * up all that was left behind of it. A mark is ticked off after its sweep is enqueued, and only when that sweep has not
 * begun: a sweep that was under way may have passed the place already. Two pollers doing this at once meet in the job's
 * unique key.
 * @returns how many sweeps were enqueued.
 */
export async function sweepMarkedTenants(): Promise<number> {
  const { TenantActivity } = await getCentralModels();
  const over = new Date(now().getTime() - settledMs);
  const marks = await TenantActivity.find({ sweptAt: null, minute: trusted({ $lte: over }) })
    .sort({ minute: 1 })
    .limit(most)
    .lean();
  const byTenant = new Map<string, typeof marks>();
  for (const mark of marks) byTenant.set(mark.clientCode, [...(byTenant.get(mark.clientCode) ?? []), mark]);

  let enqueued = 0;
  for (const [clientCode, rows] of byTenant) {
    const sweep = await enqueue({
      type: "tenant.sweep",
      payload: { clientCode },
      requestId: `sweep:${randomUUID()}`,
      key: "sweep",
    });
    if (sweep.created) enqueued += 1;
    else if (sweep.state === "running") continue;
    // A moved clock can end a minute before it is really over; its mark stays until nobody can write under it.
    const ended = rows.filter(({ minute }) => minute.getTime() + settledMs <= Date.now());
    await TenantActivity.updateMany(
      { _id: trusted({ $in: ended.map(({ _id }) => _id) }) },
      { $set: { sweptAt: now() } },
    );
  }
  return enqueued;
}
