import { AppError } from "../../../lib/errors/app.error";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { invalidState } from "../crm/crm.problem";

/** Why a person must not be written to, or null. */
export function unwantedReason(lead: Pick<LeadRecord, "doNotContact" | "consent">): string | null {
  if (lead.doNotContact)
    return "The lead is marked as do-not-contact. Clear the mark if they want messages again.";
  if (lead.consent.whatsapp?.optIn === false) {
    return "The lead has opted out of WhatsApp messages. They must opt in again first.";
  }
  return null;
}

/**
 * Why a template must not go to a person who stopped marketing messages in WhatsApp, or null. Other templates and
 * answers are no marketing.
 */
export async function marketingRefusal(
  { Template }: Pick<CrmModels, "Template">,
  lead: Pick<LeadRecord, "consent">,
  { wabaId }: Pick<ConnectionRecord, "wabaId">,
  template: MessageRecord["template"],
): Promise<string | null> {
  if (!template || lead.consent.marketing?.optIn !== false) return null;
  const { name, language } = template;
  const stored = await Template.findOne({ wabaId, name, language }).lean();
  return stored?.category.toUpperCase() === "MARKETING"
    ? "The lead has stopped marketing messages in WhatsApp. Only they can resume them; other templates can be sent."
    : null;
}

/** @throws AppError opted-out, or invalid-state when there is no way to reach the lead on WhatsApp. */
export function refuseUnwanted(lead: LeadRecord): void {
  const reason = unwantedReason(lead);
  if (reason !== null) throw new AppError("opted-out", reason);
  if (addressOf(lead) === null) {
    throw invalidState("The lead has neither a phone number nor a WhatsApp id. Add a phone number.");
  }
}

/** How Meta is told whom to write to: the number with its plus (without one Meta puts its own country before it), else the user id. */
export function addressOf(
  lead: Pick<LeadRecord, "waId" | "waUserId" | "phone">,
): { to: string } | { recipient: string } | null {
  if (lead.waId !== null) return { to: `+${lead.waId}` };
  if (lead.phone !== null) return { to: lead.phone.e164 };
  return lead.waUserId === null ? null : { recipient: lead.waUserId };
}
