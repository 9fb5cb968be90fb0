/** The tenant's pace of starts: so many a minute begin at once, further ones get their time, and none is dropped. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";

const minuteMs = 60_000;

/** Takes the next place among the tenant's starts. @returns when the run may start: now, or in a later minute. */
export async function takeStart(ctx: TenantContext, perMinute: number): Promise<Date> {
  const [startAt] = await takeStarts(ctx, perMinute, 1);
  if (!startAt) throw new Error("There is a start for every place taken.");
  return startAt;
}

/**
 * Takes the next places among the tenant's starts. Places are numbered through, `perMinute` to each minute; one counter
 * holds the last one taken, so that any number of processes share them without a doubt.
 * @returns when each of `count` runs may start, in order: now, or a time in a later minute.
 */
export async function takeStarts(ctx: TenantContext, perMinute: number, count: number): Promise<Date[]> {
  const { Counter } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const minute = Math.floor(now.getTime() / minuteMs);
  const before = { $max: [{ $ifNull: ["$value", 0] }, minute * perMinute - 1] };
  const row = await Counter.findOneAndUpdate(
    { _id: counterOf(perMinute) },
    [{ $set: { value: { $add: [before, count] } } }],
    { upsert: true, returnDocument: "after", updatePipeline: true },
  ).lean();
  if (!row) throw new Error("The counter of starts returned nothing after an upsert.");
  const first = row.value - count + 1;
  return Array.from({ length: count }, (_, index) => timeOf(first + index, perMinute, now));
}

/** When a run that begins now would start, if it were to take a place. Takes none. */
export async function nextStart(ctx: TenantContext, perMinute: number): Promise<Date> {
  const { Counter } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const row = await Counter.findById(counterOf(perMinute)).lean();
  const place = Math.max((row?.value ?? 0) + 1, Math.floor(now.getTime() / minuteMs) * perMinute);
  return timeOf(place, perMinute, now);
}

// Places depend on the limit, so each limit counts by itself.
const counterOf = (perMinute: number): string => `automation_starts:${perMinute}`;

function timeOf(place: number, perMinute: number, now: Date): Date {
  if (Math.floor(place / perMinute) <= Math.floor(now.getTime() / minuteMs)) return now;
  return new Date(Math.ceil((place * minuteMs) / perMinute));
}
