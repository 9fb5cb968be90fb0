import * as z from "zod";
import { otherItemSchema, userIdUpdateSchema } from "../../../../contracts/whatsapp.message.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import {
  type Contact,
  contactKeys,
  findContactInChange,
  findOrCreateContactInChange,
} from "../../crm/lead.service";
import { ignored, parked, processed, type WebhookKind } from "./webhook.kind";

const valueSchema = z.looseObject({ user_id_update: z.array(z.unknown()).min(1) });

/**
 * People have new user ids, which comes with a new phone number. Of somebody unknown it waits until they are known.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
 */
export const userIdsInbound: WebhookKind = {
  name: "user-id",
  matches: ({ field, kind }) => kind === "other" && field === "user_id_update",
  async handle(ctx, event) {
    const item = otherItemSchema.safeParse(JSON.parse(event.raw));
    const value = valueSchema.safeParse(item.data?.value);
    const updates = (value.data?.user_id_update ?? []).flatMap(
      (update) => userIdUpdateSchema.safeParse(update).data ?? [],
    );
    if (updates.length === 0) return ignored("It names no user id.");
    const contacts = updates.map(
      ({ wa_id: waId, user_id, timestamp: at }): Contact => ({
        waId,
        userId: user_id.current,
        former: { userId: user_id.previous },
        at,
      }),
    );
    const unknown: Contact[] = [];
    for (const contact of contacts) {
      if (!(await commitChange(ctx, (change) => follow(ctx, change, contact)))) unknown.push(contact);
    }
    if (unknown.length === 0) return processed;
    return parked(ctx, event, {
      for: unknown.flatMap(({ waId, userId, former }) => [
        ...contactKeys({ waId, userId }),
        ...contactKeys({ userId: former?.userId }),
      ]),
      because: "The person is not known here yet.",
      inVain: "It is about nobody known here.",
    });
  },
};

/** @returns whether the person is known. */
async function follow(ctx: TenantContext, change: Change, contact: Contact): Promise<boolean> {
  if (!(await findContactInChange(change, contact))) return false;
  await findOrCreateContactInChange(ctx, change, contact);
  return true;
}
