/** Starting a rule for a search, as callers see it. The work is the job's (`enrollment.run`). */
import { Types, trusted } from "mongoose";
import type { Audience } from "../../../contracts/audience.contract";
import type { AutomationEnrollment } from "../../../contracts/automation.enrollment.contract";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { markTenantActive } from "../../../lib/tenant/mark.active";
import type { AutomationEnrollmentRecord } from "../../../model/saas/automation.enrollment.schema";
import { searchOf } from "./audience";
import { manualEventId, requireEnabled } from "./start.runs";

/** As long as the decisions that its outcomes are counted from. */
const keptDays = 30;
const dayMs = 24 * 60 * 60_000;
/** A job that lives renews its record at least this often. */
const silentMs = 2 * 60_000;
const batch = 100;

/**
 * Starts a rule for all leads that the search finds now: the queue tells the rule of them.
 * @throws AppError not-found, invalid-state when the rule is not enabled, validation-failed with a pointer into the
 * condition, invalid-reference for a saved search that is not here.
 */
export async function enrollSearch(
  ctx: TenantContext,
  ruleId: string,
  audience: Audience,
): Promise<AutomationEnrollment> {
  const models = await getCrmModels(ctx.clientCode);
  await requireEnabled(models.AutomationRule, ruleId);
  const search = await searchOf(ctx, models, audience, "");
  const now = ctx.now();
  const record = {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    ruleId: new Types.ObjectId(ruleId),
    state: "queued" as const,
    search: Object.fromEntries(Object.entries(search).filter(([, value]) => value !== null)),
    // Ids grow by the second of the real clock: all leads of this second are meant.
    upTo: Types.ObjectId.createFromTime(Math.floor(Date.now() / 1_000) + 1),
    requestId: ctx.requestId,
    createdBy: ctx.actor,
    expireAt: new Date(Date.now() + keptDays * dayMs),
  };
  await markTenantActive(ctx.clientCode);
  await models.AutomationEnrollment.insertMany([record]);
  await enqueueEnrollment(ctx, record._id);
  return getEnrollment(ctx, record._id.toHexString());
}

/** The same job again is no second one. */
async function enqueueEnrollment(ctx: TenantContext, _id: Types.ObjectId): Promise<void> {
  const enrollmentId = _id.toHexString();
  await enqueue({
    type: "automation.enroll_search",
    payload: { clientCode: ctx.clientCode, enrollmentId },
    requestId: ctx.requestId,
    key: enrollmentId,
    // Before the runs that it starts: everybody has a place, and people see how many there are, before the first acts.
    priority: 1,
  });
}

/** With what the rule decided about its leads so far. @throws AppError not-found */
export async function getEnrollment(ctx: TenantContext, id: string): Promise<AutomationEnrollment> {
  const record = await findEnrollment(ctx, id);
  return { ...toEnrollment(record), outcomes: await outcomesOf(ctx, record) };
}

/** Of one rule, newest first. @throws AppError not-found when there is no such rule */
export async function listEnrollments(
  ctx: TenantContext,
  query: { ruleId: string; limit: number; cursor?: string | undefined },
): Promise<Page<AutomationEnrollment>> {
  const { AutomationEnrollment, AutomationRule } = await getCrmModels(ctx.clientCode);
  const ruleId = new Types.ObjectId(query.ruleId);
  if (!(await AutomationRule.exists({ _id: ruleId })))
    throw new AppError("not-found", "There is no such rule.");
  const page = await pageOf(ctx, AutomationEnrollment, {
    route: "listAutomationEnrollments",
    query,
    filter: { ruleId },
    sort: { createdAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toEnrollment) };
}

/**
 * The rule is told of no further leads; runs that began go on. Asked again it answers the same.
 * @throws AppError not-found, invalid-state when it is over
 */
export async function cancelEnrollment(ctx: TenantContext, id: string): Promise<AutomationEnrollment> {
  const { AutomationEnrollment } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  await AutomationEnrollment.updateOne(
    { _id: new Types.ObjectId(id), state: trusted({ $in: ["queued", "running"] }) },
    { $set: { state: "cancelled", endedAt: now, updatedAt: now }, $inc: { version: 1 } },
  );
  const enrollment = await getEnrollment(ctx, id);
  if (enrollment.state !== "cancelled")
    throw new AppError("invalid-state", `The enrolment is over: it is ${enrollment.state}.`);
  return enrollment;
}

/** Enrolments that lost their job get one. */
export async function sweepEnrollments(ctx: TenantContext): Promise<{ taken: number }> {
  const { AutomationEnrollment } = await getCrmModels(ctx.clientCode);
  const lost = await AutomationEnrollment.find({
    state: trusted({ $in: ["queued" as const, "running" as const] }),
    updatedAt: trusted({ $lt: new Date(ctx.now().getTime() - silentMs) }),
  })
    .limit(batch)
    .select({ _id: 1 })
    .lean();
  for (const { _id } of lost) await enqueueEnrollment(ctx, _id);
  return { taken: lost.length };
}

async function findEnrollment(ctx: TenantContext, id: string): Promise<AutomationEnrollmentRecord> {
  const { AutomationEnrollment } = await getCrmModels(ctx.clientCode);
  const record = await AutomationEnrollment.findById(new Types.ObjectId(id)).lean();
  if (!record) throw new AppError("not-found", "There is no such enrolment.");
  return record;
}

/** Its events begin alike, so their decisions stand side by side in the index. */
async function outcomesOf(
  ctx: TenantContext,
  { _id, ruleId }: AutomationEnrollmentRecord,
): Promise<NonNullable<AutomationEnrollment["outcomes"]>> {
  const { AutomationDecision } = await getCrmModels(ctx.clientCode);
  const first = manualEventId(_id.toHexString(), "");
  const found = await AutomationDecision.aggregate<{
    _id: NonNullable<AutomationEnrollment["outcomes"]>[number]["outcome"];
    leads: number;
  }>([
    { $match: { ruleId, eventId: { $gte: first, $lt: `${first}~` } } },
    { $group: { _id: "$outcome", leads: { $sum: 1 } } },
    { $sort: { leads: -1, _id: 1 } },
  ]);
  return found.map(({ _id: outcome, leads }) => ({ outcome, leads }));
}

function toEnrollment(record: AutomationEnrollmentRecord): AutomationEnrollment {
  const { state, total, told } = record;
  return {
    id: record._id.toHexString(),
    version: record.version,
    ruleId: record.ruleId.toHexString(),
    state,
    search: record.search,
    total,
    told,
    progress: state === "done" ? 1 : total ? Math.min(1, told / total) : 0,
    outcomes: null,
    failure: record.failure,
    createdBy: record.createdBy,
    createdAt: record.createdAt.toISOString(),
    startedAt: record.startedAt?.toISOString() ?? null,
    endedAt: record.endedAt?.toISOString() ?? null,
  };
}
