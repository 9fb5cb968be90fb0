/** May this step write to the lead now? Asked when it is about to, never in advance: everything is read again. */

import { type Types, trusted } from "mongoose";
import type { FrequencyCap } from "../../../contracts/hours.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { durationMs } from "../../../lib/duration/duration";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { readSettings } from "../crm/settings.read";
import { judgeSending, type Permission } from "./judge.sending";
import type { RuleDefinition, Step } from "./rule.contract";

/** @returns what holds the step back, with its reason, if anything does. */
export async function maySend(
  ctx: TenantContext,
  run: AutomationRunRecord,
  definition: RuleDefinition,
  step: Step,
  effectKey: string,
): Promise<Permission> {
  const models = await getCrmModels(ctx.clientCode);
  const [lead, settings] = await Promise.all([
    models.Lead.findById(run.leadId).select({ doNotContact: 1, consent: 1, timezone: 1 }).lean(),
    readSettings(models),
  ]);
  // What a try before this one sent is sent, whatever holds now: going on only finds it.
  if (await isSent(ctx, run, effectKey)) return { kind: "yes" };
  if (!lead) return { kind: "skip", reason: "opted_out" };
  const cap = settings.automation.frequencyCap;
  return judgeSending({
    lead,
    settings,
    definition,
    step,
    now: ctx.now(),
    spreadKey: `${run._id.toHexString()}:${step.id}`,
    sent: cap ? await sentByRules(ctx, run.leadId, cap) : [],
  });
}

async function isSent(ctx: TenantContext, run: AutomationRunRecord, effectKey: string): Promise<boolean> {
  const { AutomationStepLog, Message } = await getCrmModels(ctx.clientCode);
  if (!(await AutomationStepLog.exists({ effectKey }))) return false;
  return (await Message.exists({ leadId: run.leadId, clientId: effectKey })) !== null;
}

/**
 * When rules wrote to the lead within the cap's span, newest first; no more of them than the cap allows. Only one step
 * of a lead runs at a time, so nobody writes between this look and the message.
 */
export async function sentByRules(
  ctx: TenantContext,
  leadId: Types.ObjectId,
  cap: FrequencyCap,
): Promise<Date[]> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const recent = await Message.find({
    leadId,
    sentAt: trusted({ $gt: new Date(ctx.now().getTime() - durationMs(cap.per)) }),
    direction: "outbound",
    "sender.type": "automation",
    // What never reached the lead does not weigh on them.
    status: trusted({ $ne: "failed" as const }),
  })
    .sort({ sentAt: -1 })
    .limit(cap.messages)
    .select({ sentAt: 1 })
    .lean();
  return recent.map(({ sentAt }) => sentAt);
}
