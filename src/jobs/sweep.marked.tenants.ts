import { randomUUID } from "node:crypto";
import { trusted } from "mongoose";
import { now } from "../lib/clock/clock";
import { getCentralModels } from "../lib/db/get.central.models";
import { enqueueMany } from "./queue/enqueue";

const minuteMs = 60_000;
/** A mark's own minute, and one more in which the last of what was written under it becomes old enough to sweep. */
const settledMs = 2 * minuteMs;
const most = 1_000;

/**
 * Enqueues one `tenant.sweep` for each tenant that was written to in a minute that ended a minute ago: then sweeps take
 * up all that was left behind of it. A mark is ticked off after the sweeps are enqueued, and only when that sweep has not
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

  const sweeps = await enqueueMany(
    [...byTenant.keys()].map((clientCode) => ({
      type: "tenant.sweep" as const,
      payload: { clientCode },
      requestId: `sweep:${randomUUID()}`,
      key: "sweep",
    })),
  );
  const ticked = [...byTenant.values()].flatMap((rows, place) => {
    const sweep = sweeps[place];
    if (!sweep || (!sweep.created && sweep.state === "running")) return [];
    // A moved clock can end a minute before it is really over; its mark stays until nobody can write under it.
    return rows.filter(({ minute }) => minute.getTime() + settledMs <= Date.now());
  });
  if (ticked.length > 0)
    await TenantActivity.updateMany(
      { _id: trusted({ $in: ticked.map(({ _id }) => _id) }) },
      { $set: { sweptAt: now() } },
    );
  return sweeps.filter(({ created }) => created).length;
}
