/** Rules that start by the clock: at set times, or on a date of the lead's. */
import { DateTime, IANAZone } from "luxon";
import { Types, trusted } from "mongoose";
import * as z from "zod";
import { conditionSchema } from "../../../../contracts/condition.contract";
import { enqueue } from "../../../../jobs/queue/enqueue";
import { readPath } from "../../../../lib/condition";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { commitChange } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { readSettings } from "../../crm/settings.read";
import { tellRuleInChange } from "../own.events";
import { findEnabledRule, findRulesByTrigger, type PublishedRule } from "../published.rules";
import type { RuleDefinition } from "../rule.contract";
import { judgeCondition } from "../rule.fields";
import { readLeadScopes } from "../scope";
import { nextOccurrence } from "./cron";

/** Leads that one job looks at before the next one goes on; leads that are told of in one change. */
const perJob = 5_000;
const page = 500;
const perChange = 50;

const zone = z.string().optional();
const timerSchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("schedule"),
    cron: z.string().optional(),
    at: z.string().optional(),
    timezone: zone,
  }),
  z.object({
    event: z.literal("date_field"),
    field: z.string(),
    offsetDays: z.number(),
    at: z.string(),
    repeat: z.enum(["once", "yearly"]),
    timezone: zone,
  }),
]);
type Timer = z.output<typeof timerSchema>;

export interface TimerJob {
  readonly ruleId: string;
  readonly version: number;
  /** The time that the rule named. */
  readonly at: string;
  /** The lead behind which this job goes on. */
  readonly after?: string | undefined;
}

/** Sets the next alarm of a rule that starts by the clock; of others nothing. An alarm that is set stays. */
export async function armTimer(
  ctx: TenantContext,
  rule: Pick<PublishedRule, "_id" | "version" | "definition">,
  after: Date = ctx.now(),
): Promise<void> {
  const timer = timerSchema.safeParse(rule.definition?.trigger);
  if (!timer.success) return;
  const at = nextTime(timer.data, after, await zoneOf(ctx, timer.data));
  if (!at) return;
  await enqueueTimer(ctx, { ruleId: rule._id.toHexString(), version: rule.version, at: at.toISOString() });
}

/** Sets alarms that got lost. */
export async function sweepTimers(ctx: TenantContext): Promise<{ taken: number }> {
  const rules = await findRulesByTrigger(ctx, ["schedule", "date_field"]);
  for (const rule of rules) await armTimer(ctx, rule);
  return { taken: 0 };
}

/**
 * Tells the rule of every lead that it is time for. Each lead is told of once for each time.
 * @returns how many leads were told of.
 */
export async function fireTimer(ctx: TenantContext, job: TimerJob): Promise<{ told: number }> {
  const rule = await findEnabledRule(ctx, new Types.ObjectId(job.ruleId));
  const timer = timerSchema.safeParse(rule?.definition?.trigger);
  // Disabled, or published anew: that version has alarms of its own.
  if (!rule?.definition || !timer.success || rule.version !== job.version) return { told: 0 };
  const at = new Date(job.at);
  if (job.after === undefined) await armTimer(ctx, rule, at);
  const localZone = await zoneOf(ctx, timer.data);
  let told = 0;
  let after = job.after;
  for (let seen = 0; seen < perJob; seen += page) {
    const leads = await leadsAfter(ctx, after);
    const due = leads.filter((lead) => isTime(timer.data, lead, at, localZone));
    told += await tell(ctx, job, rule.definition, timer.data, due);
    after = leads.at(-1)?._id.toHexString();
    if (leads.length < page) return { told };
  }
  await enqueueTimer(ctx, { ...job, after });
  return { told };
}

async function leadsAfter(ctx: TenantContext, after: string | undefined): Promise<LeadRecord[]> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  return Lead.find({
    ...(after === undefined ? {} : { _id: trusted({ $gt: new Types.ObjectId(after) }) }),
    deletedAt: null,
  })
    .sort({ _id: 1 })
    .limit(page)
    .lean();
}

async function tell(
  ctx: TenantContext,
  job: TimerJob,
  definition: RuleDefinition,
  timer: Timer,
  leads: readonly LeadRecord[],
): Promise<number> {
  if (leads.length === 0) return 0;
  const { Outbox } = await getCrmModels(ctx.clientCode);
  const { conditions } = definition;
  const scopes = await readLeadScopes(ctx, leads);
  const fitting = leads.filter((_lead, index) => {
    const scope = scopes[index];
    return (
      scope && (!conditions || judgeCondition(conditionSchema.parse(conditions), scope, ctx.now()).passed)
    );
  });
  let told = 0;
  for (let from = 0; from < fitting.length; from += perChange) {
    const some = fitting.slice(from, from + perChange).map((lead) => lead._id.toHexString());
    const idOf = (leadId: string) => `${timer.event}:${job.ruleId}:${leadId}:${job.at}`;
    const known = new Set(
      (
        await Outbox.find({ eventId: trusted({ $in: some.map(idOf) }) })
          .select({ eventId: 1 })
          .lean()
      ).map(({ eventId }) => eventId),
    );
    await commitChange(ctx, async (change) => {
      for (const leadId of some.filter((id) => !known.has(idOf(id))))
        tellRuleInChange(change, {
          type: timer.event,
          id: idOf(leadId),
          ruleId: job.ruleId,
          leadId,
          data: { at: job.at, ...(timer.event === "date_field" ? { field: timer.field } : {}) },
        });
    });
    told += some.length;
  }
  return told;
}

async function enqueueTimer(ctx: TenantContext, job: TimerJob): Promise<void> {
  await enqueue({
    type: "automation.timer",
    payload: { clientCode: ctx.clientCode, ...job },
    requestId: ctx.requestId,
    key: [job.ruleId, job.version, job.at, job.after ?? ""].join(":"),
    runAt: new Date(job.at),
  });
}

async function zoneOf(ctx: TenantContext, timer: Timer): Promise<string> {
  if (timer.timezone !== undefined && IANAZone.isValidZone(timer.timezone)) return timer.timezone;
  const { timezone } = await readSettings(await getCrmModels(ctx.clientCode));
  return timezone;
}

function nextTime(timer: Timer, after: Date, localZone: string): Date | undefined {
  if (timer.event === "date_field") {
    const [hour = 0, minute = 0] = timer.at.split(":").map(Number);
    return nextOccurrence(`${minute} ${hour % 24} * * *`, after, localZone);
  }
  if (timer.cron !== undefined) return nextOccurrence(timer.cron, after, localZone);
  const once = new Date(timer.at ?? "");
  return once.getTime() > after.getTime() ? once : undefined;
}

/** Is this the day? A schedule's times are for every lead. */
function isTime(timer: Timer, lead: LeadRecord, at: Date, localZone: string): boolean {
  if (timer.event === "schedule") return true;
  const value = readPath({ lead: { ...lead, custom: lead.custom } }, timer.field);
  const date = localDate(value, localZone);
  if (!date) return false;
  const today = DateTime.fromJSDate(at, { zone: localZone }).startOf("day");
  if (timer.repeat === "once") return date.plus({ days: timer.offsetDays }).hasSame(today, "day");
  // The date's own year may not have a 29 February; luxon then takes the 28th.
  return [-1, 0, 1].some((years) =>
    date
      .set({ year: today.year + years })
      .plus({ days: timer.offsetDays })
      .hasSame(today, "day"),
  );
}

/** The day of a date or time; a plain date such as 1990-05-17 is that day everywhere. */
function localDate(value: unknown, localZone: string): DateTime | undefined {
  const time =
    value instanceof Date
      ? DateTime.fromJSDate(value, { zone: localZone })
      : typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value)
        ? DateTime.fromISO(value, { zone: localZone })
        : undefined;
  return time?.isValid ? time.startOf("day") : undefined;
}
