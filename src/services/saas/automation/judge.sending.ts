/** May a step write to this lead at this time? Pure: lead, settings and what was sent are handed in. */
import { IANAZone } from "luxon";
import type { FrequencyCap } from "../../../contracts/hours.contract";
import type { SendWindow } from "../../../contracts/send.window.contract";
import { durationMs } from "../../../lib/duration/duration";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";
import { unwantedReason } from "../messaging/refuse.unwanted";
import { actingSchema, type RuleDefinition, type Step } from "./rule.contract";
import { type OpenTimes, planOpening } from "./send.window";

export type Permission =
  | { kind: "yes" }
  | { kind: "skip"; reason: string }
  | { kind: "wait"; for: "window" | "cap"; until: Date; reason: string };

const everyDay = [1, 2, 3, 4, 5, 6, 7];

export interface Sending {
  readonly lead: Pick<LeadRecord, "doNotContact" | "consent" | "timezone">;
  readonly settings: TenantSettingsRecord;
  readonly definition: Pick<RuleDefinition, "sendWindow" | "frequencyCap">;
  readonly step: Step;
  readonly now: Date;
  /** What the place within the quarter of an hour after an opening is drawn from. */
  readonly spreadKey: string;
  /** When rules wrote to the lead, newest first. */
  readonly sent: readonly Date[];
}

/** @returns what holds the step back, with its reason, if anything does. */
export function judgeSending({
  lead,
  settings,
  definition,
  step,
  now,
  spreadKey,
  sent,
}: Sending): Permission {
  if (unwantedReason(lead) !== null) return { kind: "skip", reason: "opted_out" };
  const { ignoreSendWindow, ignoreFrequencyCap } = actingSchema.parse(step);
  const { sendWindow } = definition;
  if (sendWindow && !ignoreSendWindow) {
    const plan = planOpening(openTimes(sendWindow, lead.timezone, settings), now, spreadKey);
    if (!plan.open) {
      if (sendWindow.outside === "skip") return { kind: "skip", reason: "outside_send_window" };
      if (!plan.opensAt) return { kind: "skip", reason: "send_window_never_opens" };
      return { kind: "wait", for: "window", until: plan.opensAt, reason: "outside_send_window" };
    }
  }
  const cap = settings.automation.frequencyCap;
  if (!cap || ignoreFrequencyCap) return { kind: "yes" };
  const free = freeAt(sent, cap);
  if (free.getTime() <= now.getTime()) return { kind: "yes" };
  if (definition.frequencyCap === "skip") return { kind: "skip", reason: "frequency_cap" };
  return { kind: "wait", for: "cap", until: free, reason: "frequency_cap" };
}

/** When rules may write to the lead again. */
function freeAt(sent: readonly Date[], cap: FrequencyCap): Date {
  const oldest = sent[cap.messages - 1];
  return oldest ? new Date(oldest.getTime() + durationMs(cap.per)) : new Date(0);
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
