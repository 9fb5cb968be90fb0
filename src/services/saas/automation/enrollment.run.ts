/**
 * The job that tells a rule of everybody in a search: page after page in the order of their ids. Each lead's event has
 * an id of its own, so that a page that is told again after a crash starts nothing twice.
 */
import { type QueryFilter, Types, trusted } from "mongoose";
import * as z from "zod";
import { conditionSchema } from "../../../contracts/condition.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationEnrollmentRecord } from "../../../model/saas/automation.enrollment.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { searchFilter } from "../crm/lead.search";
import { tellOfLeads } from "./start.runs";

const page = 100;
const turnMs = 5_000;
const storedSearch = z.object({ condition: conditionSchema.optional(), query: z.string().optional() });

/**
 * Goes on with an enrolment for some seconds.
 * @returns whether it is over; false while there are more leads
 */
export async function runEnrollment(
  ctx: TenantContext,
  enrollmentId: string,
  job: { readonly signal: AbortSignal; progress(fraction: number): Promise<void> },
): Promise<boolean> {
  let record = await begin(ctx, new Types.ObjectId(enrollmentId));
  const filter = record && (await filterOf(ctx, record));
  const until = performance.now() + turnMs;
  while (record && filter) {
    job.signal.throwIfAborted();
    const { Lead } = await getCrmModels(ctx.clientCode);
    const after: object = record.after ? { $gt: record.after } : {};
    const leads = await Lead.find({ $and: [filter, { _id: trusted({ $lt: record.upTo, ...after }) }] })
      .sort({ _id: 1 })
      .limit(page)
      .select({ _id: 1 })
      .lean();
    const leadIds = leads.map(({ _id }) => _id.toHexString());
    if (leadIds.length > 0)
      await tellOfLeads(ctx, { ruleId: record.ruleId.toHexString(), batchId: enrollmentId, leadIds });
    const last = leads.at(-1)?._id ?? record.after;
    const isOver = leads.length < page;
    record = await write(ctx, record, {
      after: last,
      told: record.told + leads.length,
      ...(isOver ? { state: "done", endedAt: ctx.now() } : {}),
    });
    if (!record || isOver) return true;
    await job.progress(Math.min(1, record.told / Math.max(1, record.total ?? 1)));
    if (performance.now() > until) return false;
  }
  return true;
}

/** @returns null when there is nothing to do any more. */
async function begin(ctx: TenantContext, _id: Types.ObjectId): Promise<AutomationEnrollmentRecord | null> {
  const { AutomationEnrollment, AutomationRule, Lead } = await getCrmModels(ctx.clientCode);
  const found = await AutomationEnrollment.findOne({
    _id,
    state: trusted({ $in: ["queued" as const, "running" as const] }),
  }).lean();
  if (!found) return null;
  const rule = await AutomationRule.findById(found.ruleId).select({ enabled: 1 }).lean();
  if (!rule?.enabled) {
    const detail = "The rule was disabled before it was told of every lead. Enable it, and enrol again.";
    await fail(ctx, found, { code: "invalid-state", detail });
    return null;
  }
  if (found.total !== null) return found;
  const filter = await filterOf(ctx, found);
  if (!filter) return null;
  const total = await Lead.countDocuments({ $and: [filter, { _id: trusted({ $lt: found.upTo }) }] });
  return write(ctx, found, { state: "running", startedAt: ctx.now(), total });
}

/** The search as it was asked; a field that it names may be gone by now. */
async function filterOf(
  ctx: TenantContext,
  record: AutomationEnrollmentRecord,
): Promise<QueryFilter<LeadRecord> | undefined> {
  const search = storedSearch.parse(record.search);
  try {
    return await searchFilter(ctx, await getCrmModels(ctx.clientCode), search);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    await fail(ctx, record, { code: error.code, detail: error.detail });
    return undefined;
  }
}

async function fail(
  ctx: TenantContext,
  record: AutomationEnrollmentRecord,
  failure: { code: string; detail: string },
): Promise<void> {
  await write(ctx, record, { state: "failed", failure, endedAt: ctx.now() });
}

/** @returns null when it was cancelled, or somebody else goes on with it. */
async function write(
  ctx: TenantContext,
  { _id, version }: AutomationEnrollmentRecord,
  change: Partial<AutomationEnrollmentRecord>,
): Promise<AutomationEnrollmentRecord | null> {
  const { AutomationEnrollment } = await getCrmModels(ctx.clientCode);
  return AutomationEnrollment.findOneAndUpdate(
    { _id, version },
    { $set: { ...change, updatedAt: ctx.now() }, $inc: { version: 1 } },
    { returnDocument: "after" },
  ).lean();
}
