/** One stored message item, as the business's own words name it. */
import type { Types } from "mongoose";
import type * as z from "zod";
import {
  type contactSchema,
  type InboundMessageHead,
  inboundMessageSchema,
  messageItemSchema,
} from "../../../../contracts/whatsapp.message.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import type { Change } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import type { WebhookEventRecord } from "../../../../model/saas/webhook.event.schema";
import { registerInboundMediaInChange } from "../../media/media.inbound.service";
import { mapMessage } from "./map.message";
import type { MappedMessage } from "./message.kind";
import { ignored } from "./webhook.kind";

export interface ReadMessage {
  readonly head: InboundMessageHead;
  readonly contact: z.output<typeof contactSchema> | undefined;
  /** Meta's object under the message's type. */
  readonly object: unknown;
  /** Meta's own time; without one, that of its arrival. */
  readonly at: Date;
  readonly mapped: MappedMessage;
}

/** @returns the message, or why there is none to process. */
export function readMessage(event: WebhookEventRecord): ReadMessage | ReturnType<typeof ignored> {
  const item = messageItemSchema.safeParse(JSON.parse(event.raw));
  const head = inboundMessageSchema.safeParse(item.data?.message);
  if (!item.success || !head.success) return ignored("The message has no id.");
  if (head.data.group_id !== undefined)
    return ignored("It was written in a group; groups are not supported.");
  return {
    head: head.data,
    contact: item.data.contact,
    object: item.data.message[head.data.type],
    at: head.data.timestamp ?? event.receivedAt,
    mapped: mapMessage(head.data, item.data.message),
  };
}

/** The number an item came for. */
export async function findConnectionId(
  ctx: TenantContext,
  { phoneNumberId }: WebhookEventRecord,
): Promise<Types.ObjectId | undefined> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  return (await Connection.findOne({ phoneNumberId: phoneNumberId ?? "" }).lean())?._id;
}

/** Has the medium of a message fetched. @returns its id here, or none. */
export async function registerMedia(
  ctx: TenantContext,
  change: Change,
  { media }: MappedMessage,
  place: { lead: LeadRecord; connectionId: Types.ObjectId; messageId: Types.ObjectId },
): Promise<Types.ObjectId[]> {
  if (!media) return [];
  const { lead, connectionId, messageId } = place;
  const provider = { mediaId: media.providerMediaId, connectionId };
  return [
    await registerInboundMediaInChange(ctx, change, { ...media, provider, leadId: lead._id, messageId }),
  ];
}
