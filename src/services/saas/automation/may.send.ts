/** May this step write to the lead now? Asked when it is about to, never in advance: everything is read again. */

import { IANAZone } from "luxon";
import { trusted } from "mongoose";
import type { FrequencyCap } from "../../../contracts/hours.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { durationMs } from "../../../lib/duration/duration";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";
import { readSettings } from "../crm/settings.read";
import { unwantedReason } from "../messaging/refuse.unwanted";
import { actingSchema, type RuleDefinition, type SendWindow, type Step } from "./rule.contract";
import { type OpenTimes, planOpening } from "./send.window";

export type Permission =
  | { kind: "yes" }
  | { kind: "skip"; reason: string }
  | { kind: "wait"; for: "window" | "cap"; until: Date; reason: string };

const everyDay = [1, 2, 3, 4, 5, 6, 7];

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
  if (!lead || unwantedReason(lead) !== null) return { kind: "skip", reason: "opted_out" };
  const { ignoreSendWindow, ignoreFrequencyCap } = actingSchema.parse(step);
  const { sendWindow } = definition;
  if (sendWindow && !ignoreSendWindow) {
    const times = openTimes(sendWindow, lead.timezone, settings);
    const plan = planOpening(times, ctx.now(), `${run._id.toHexString()}:${step.id}`);
    if (!plan.open) {
      if (sendWindow.outside === "skip") return { kind: "skip", reason: "outside_send_window" };
      if (!plan.opensAt) return { kind: "skip", reason: "send_window_never_opens" };
      return { kind: "wait", for: "window", until: plan.opensAt, reason: "outside_send_window" };
    }
  }
  const cap = settings.automation.frequencyCap;
  if (!cap || ignoreFrequencyCap) return { kind: "yes" };
  const free = await freeAt(ctx, run, cap);
  if (free.getTime() <= ctx.now().getTime()) return { kind: "yes" };
  if (definition.frequencyCap === "skip") return { kind: "skip", reason: "frequency_cap" };
  return { kind: "wait", for: "cap", until: free, reason: "frequency_cap" };
}

/** The window's hours in the zone that counts: a lead without a (known) zone has the tenant's. */
function openTimes(window: SendWindow, leadZone: string | null, settings: TenantSettingsRecord): OpenTimes {
  const asked = window.timezone === "lead" ? leadZone : window.timezone === "tenant" ? null : window.timezone;
  const known = [asked, settings.timezone].find((zone) => zone !== null && IANAZone.isValidZone(zone));
  return {
    zone: known ?? "UTC",
    hours:
      "hours" in window
        ? settings.businessHours
        : [{ days: window.days ?? everyDay, from: window.from, to: window.to }],
    holidays: new Set(window.holidays === "closed" ? settings.holidays : []),
  };
}

async function isSent(ctx: TenantContext, run: AutomationRunRecord, effectKey: string): Promise<boolean> {
  const { AutomationStepLog, Message } = await getCrmModels(ctx.clientCode);
  if (!(await AutomationStepLog.exists({ effectKey }))) return false;
  return (await Message.exists({ leadId: run.leadId, clientId: effectKey })) !== null;
}

/**
 * When rules may write to the lead again. Only one step of a lead runs at a time, so nobody writes between this look
 * and the message.
 */
async function freeAt(ctx: TenantContext, run: AutomationRunRecord, cap: FrequencyCap): Promise<Date> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const span = durationMs(cap.per);
  const recent = await Message.find({
    leadId: run.leadId,
    sentAt: trusted({ $gt: new Date(ctx.now().getTime() - span) }),
    direction: "outbound",
    "sender.type": "automation",
  })
    .sort({ sentAt: -1 })
    .limit(cap.messages)
    .select({ sentAt: 1 })
    .lean();
  const oldest = recent.at(cap.messages - 1);
  return oldest ? new Date(oldest.sentAt.getTime() + span) : new Date(0);
}
