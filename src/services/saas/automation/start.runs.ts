/** Rules that people and integrations start by hand, for leads they choose. */
import { Types, trusted } from "mongoose";
import { enqueueMany } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { commitChange } from "../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import { tellRuleInChange } from "./own.events";

/** Leads that are started on the spot; more go through the queue. */
const atOnce = 10;
const perJob = 100;

/**
 * Starts a rule for leads by hand. Its conditions, re-entry and limits hold; what it decided about each lead is in the
 * lead's decisions.
 * @returns how many leads it was told of; a lead named twice counts once.
 * @throws AppError not-found, invalid-state when it is not enabled, validation-failed for leads that do not exist.
 */
export async function startRuns(
  ctx: TenantContext,
  input: { ruleId: string; leadIds: readonly string[] },
): Promise<{ requested: number }> {
  const { AutomationRule, Lead } = await getCrmModels(ctx.clientCode);
  await requireEnabled(AutomationRule, input.ruleId);
  const leadIds = [...new Set(input.leadIds)];
  const found = await Lead.find({
    _id: trusted({ $in: leadIds.map((id) => new Types.ObjectId(id)) }),
    deletedAt: null,
  })
    .select({ _id: 1 })
    .lean();
  const known = new Set(found.map(({ _id }) => _id.toHexString()));
  const missing = input.leadIds.flatMap((id, index) =>
    known.has(id)
      ? []
      : [{ pointer: `/leadIds/${index}`, code: "invalid-reference", detail: "There is no such lead." }],
  );
  if (missing.length > 0) throw invalidRequest(missing);
  const batchId = new Types.ObjectId().toHexString();
  if (leadIds.length <= atOnce) {
    await tellOfLeads(ctx, { ruleId: input.ruleId, batchId, leadIds });
    return { requested: leadIds.length };
  }
  const parts = Array.from({ length: Math.ceil(leadIds.length / perJob) }, (_, part) =>
    leadIds.slice(part * perJob, (part + 1) * perJob),
  );
  await enqueueMany(
    parts.map((some) => ({
      type: "automation.enroll" as const,
      payload: { clientCode: ctx.clientCode, ruleId: input.ruleId, batchId, leadIds: some },
      requestId: ctx.requestId,
    })),
  );
  return { requested: leadIds.length };
}

/** @throws AppError not-found, invalid-state */
export async function requireEnabled(
  AutomationRule: CrmModels["AutomationRule"],
  ruleId: string,
): Promise<void> {
  const rule = await AutomationRule.findById(new Types.ObjectId(ruleId)).select({ enabled: 1 }).lean();
  if (!rule) throw new AppError("not-found", "There is no such rule.");
  if (!rule.enabled) throw new AppError("invalid-state", "The rule is not enabled. Enable it first.");
}

/** One event for a lead and a batch. */
export const manualEventId = (batchId: string, leadId: string): string => `manual:${batchId}:${leadId}`;

/** Tells the rule of these leads, of each once for each batch. @returns of how many it was told now. */
export async function tellOfLeads(
  ctx: TenantContext,
  { ruleId, batchId, leadIds }: { ruleId: string; batchId: string; leadIds: readonly string[] },
): Promise<number> {
  const { Outbox } = await getCrmModels(ctx.clientCode);
  const idOf = (leadId: string) => manualEventId(batchId, leadId);
  const told = await Outbox.find({ eventId: trusted({ $in: leadIds.map(idOf) }) })
    .select({ eventId: 1 })
    .lean();
  const known = new Set(told.map(({ eventId }) => eventId));
  const left = leadIds.filter((leadId) => !known.has(idOf(leadId)));
  await commitChange(ctx, async (change) => {
    for (const leadId of left) tellRuleInChange(change, { type: "manual", id: idOf(leadId), ruleId, leadId });
  });
  return left.length;
}
