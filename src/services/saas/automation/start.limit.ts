/** The tenant's pace of starts: so many a minute begin at once, further ones get their time, and none is dropped. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";

const minuteMs = 60_000;

/**
 * Takes the next place among the tenant's starts. Places are numbered through, `perMinute` to each minute; one counter
 * holds the last one taken, so that any number of processes share them without a doubt.
 * @returns when the run may start: now, or a time in a later minute.
 */
export async function takeStart(ctx: TenantContext, perMinute: number): Promise<Date> {
  const { Counter } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const minute = Math.floor(now.getTime() / minuteMs);
  // Places depend on the limit, so each limit counts by itself.
  const row = await Counter.findOneAndUpdate(
    { _id: `automation_starts:${perMinute}` },
    [{ $set: { value: { $max: [{ $add: [{ $ifNull: ["$value", 0] }, 1] }, minute * perMinute] } } }],
    { upsert: true, returnDocument: "after", updatePipeline: true },
  ).lean();
  if (!row) throw new Error("The counter of starts returned nothing after an upsert.");
  const place = row.value;
  if (Math.floor(place / perMinute) <= minute) return now;
  return new Date(Math.ceil((place * minuteMs) / perMinute));
}
