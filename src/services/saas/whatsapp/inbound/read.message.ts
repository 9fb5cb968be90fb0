/** One stored message item, as the business's own words name it. */
import { Types } from "mongoose";
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
import { type Contact, findOrCreateContactInChange } from "../../crm/lead.service";
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

/** Whose a message is, and what is stored of it whichever side wrote it. */
export interface OpenedMessage {
  readonly place: { readonly lead: LeadRecord; readonly connectionId: Types.ObjectId };
  readonly stored: {
    readonly id: Types.ObjectId;
    readonly providerMessageId: string;
    readonly at: Date;
    readonly kind: MappedMessage["kind"];
    readonly text: MappedMessage["text"];
    readonly content: MappedMessage["content"];
    readonly mediaIds: Types.ObjectId[];
    readonly replyToProviderId: string | null;
  };
}

/**
 * Finds or makes the lead of a message, and has its medium fetched.
 * @returns null when the message is stored already
 */
export async function openMessage(
  ctx: TenantContext,
  change: Change,
  connectionId: Types.ObjectId,
  { head, at, mapped }: ReadMessage,
  contact: Contact,
): Promise<OpenedMessage | null> {
  const { Message } = change.models;
  const known = Message.exists({ connectionId, "provider.messageId": head.id }).session(change.session);
  if (await known) return null;
  const id = new Types.ObjectId();
  const lead = await findOrCreateContactInChange(ctx, change, contact);
  const { kind, text, content } = mapped;
  return {
    place: { lead, connectionId },
    stored: {
      id,
      providerMessageId: head.id,
      at,
      kind,
      text,
      content,
      mediaIds: await registerMedia(ctx, change, mapped, { lead, connectionId, messageId: id }),
      replyToProviderId: mapped.replyTo ?? head.context?.id ?? null,
    },
  };
}

/** Has the medium of a message fetched. @returns its id here, or none. */
async function registerMedia(
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
