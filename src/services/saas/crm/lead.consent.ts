/** What a person agreed to be written to about. */
import type { Types } from "mongoose";
import type { CreateLead } from "../../../contracts/lead.input.contract";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ChannelConsent, LeadRecord } from "../../../model/saas/lead.schema";

type Consent = LeadRecord["consent"];

export const nothingChosen: Consent = { whatsapp: null, marketing: null };

/** Consent as a caller of the API sets it; a choice that stands already keeps its time and source. */
export function consentFrom(input: NonNullable<CreateLead["consent"]>, before: Consent, at: Date): Consent {
  const chosen = (stored: ChannelConsent | null | undefined, choice: { optIn: boolean } | undefined) =>
    choice === undefined || choice.optIn === stored?.optIn
      ? (stored ?? null)
      : { optIn: choice.optIn, at, source: "api" as const };
  return {
    whatsapp: chosen(before.whatsapp, input.whatsapp),
    marketing: chosen(before.marketing, input.marketing),
    email: chosen(before.email, input.email),
  };
}

/**
 * Notes what a person chose in WhatsApp about marketing messages. The latest choice stands, whenever it is told; of
 * two at the same second the one that stops.
 */
export async function noteMarketingChoiceInChange(
  change: Change,
  leadId: Types.ObjectId,
  { optIn, at }: { readonly optIn: boolean; readonly at: Date },
): Promise<void> {
  const { Lead } = change.models;
  const lead = await Lead.findOne({ _id: leadId, deletedAt: null }).session(change.session).lean();
  const before = lead?.consent.marketing ?? null;
  if (!lead || (before && !isLater(before, { optIn, at }))) return;
  const isNews = before?.optIn !== optIn;
  await Lead.updateOne(
    { _id: leadId },
    {
      $set: {
        "consent.marketing": { optIn, at, source: "user_preferences" },
        ...(isNews ? { updatedAt: change.now } : {}),
      },
      ...(isNews ? { $inc: { version: 1 } } : {}),
    },
    { session: change.session },
  );
  if (!isNews) return;
  change.record({
    type: "lead_updated",
    subject: { leadId: leadId.toHexString() },
    changes: {
      consent: {
        from: { marketing: before && { optIn: before.optIn, source: before.source } },
        to: { marketing: { optIn, source: "user_preferences" } },
      },
    },
  });
}

function isLater(before: ChannelConsent, choice: { readonly optIn: boolean; readonly at: Date }): boolean {
  if (choice.at.getTime() !== before.at.getTime()) return choice.at > before.at;
  return !choice.optIn && before.optIn;
}
