import * as z from "zod";
import { otherItemSchema, userPreferenceSchema } from "../../../../contracts/whatsapp.message.contract";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import { contactKeys, findContactInChange, noteMarketingChoiceInChange } from "../../crm/lead.service";
import { ignored, parked, processed, type WebhookKind } from "./webhook.kind";

type Preference = z.output<typeof userPreferenceSchema>;

const valueSchema = z.looseObject({ user_preferences: z.array(z.unknown()).min(1) });

/**
 * What people chose about marketing messages. Of somebody unknown it waits until they are known.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences
 */
export const preferencesInbound: WebhookKind = {
  name: "preference",
  matches: ({ field, kind }) => kind === "other" && field === "user_preferences",
  async handle(ctx, event) {
    const item = otherItemSchema.safeParse(JSON.parse(event.raw));
    const value = valueSchema.safeParse(item.data?.value);
    if (!value.success) return ignored("It names no choice.");
    const choices = value.data.user_preferences.flatMap(
      (choice) => userPreferenceSchema.safeParse(choice).data ?? [],
    );
    const about = choices.filter(({ category }) => category === "marketing_messages");
    if (about.length === 0) return ignored("It is about no marketing messages.");
    const unknown: Preference[] = [];
    for (const choice of about) {
      if (!(await commitChange(ctx, (change) => note(change, choice)))) unknown.push(choice);
    }
    if (unknown.length === 0) return processed;
    return parked(ctx, event, {
      for: unknown.flatMap((choice) => contactKeys({ waId: choice.wa_id, userId: choice.user_id })),
      because: "The person is not known here yet.",
      inVain: "It is about nobody known here.",
    });
  },
};

/** @returns whether the person is known. */
async function note(change: Change, choice: Preference): Promise<boolean> {
  const { wa_id: waId, user_id: userId, timestamp: at } = choice;
  if (waId === undefined && userId === undefined) return true;
  const lead = await findContactInChange(change, { waId, userId, at });
  if (!lead) return false;
  await noteMarketingChoiceInChange(change, lead._id, { optIn: choice.value === "resume", at });
  return true;
}
