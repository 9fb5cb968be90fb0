import { Types } from "mongoose";
import {
  type InboundMessageHead,
  inboundMessageSchema,
  messageItemSchema,
} from "../../../../contracts/whatsapp.message.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Change, commitChange, EventAlreadyRecordedError } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { WebhookEventRecord } from "../../../../model/saas/webhook.event.schema";
import { type Contact, findOrCreateContactInChange } from "../../crm/lead.service";
import { registerInboundMediaInChange } from "../../media/media.inbound.service";
import { recordInboundMessage } from "../../messaging/inbound.message";
import type { InboundWeight } from "../../messaging/note.message";
import { inboundEventId } from "./inbound.event.id";
import { mapMessage } from "./map.message";
import type { MappedMessage } from "./message.kind";
import { type InboundOutcome, ignored, processed, type WebhookKind } from "./webhook.kind";

/** What is told about the person or about an earlier message; the person did not write to us. */
const notices = new Set(["system", "request_welcome", "edit", "revoke"]);

/** A customer's message: lead, conversation, message, media, consent and event in one change. */
export const messagesInbound: WebhookKind = {
  name: "message",
  matches: ({ kind }) => kind === "message",
  async handle(ctx, event) {
    const item = messageItemSchema.safeParse(JSON.parse(event.raw));
    const head = inboundMessageSchema.safeParse(item.data?.message);
    if (!item.success || !head.success) return ignored("The message has no id.");
    const contact = contactOf(head.data, item.data.contact);
    if (!contact) return ignored("The message names no sender.");
    const { Connection } = await getCrmModels(ctx.clientCode);
    const connection = await Connection.findOne({ phoneNumberId: event.phoneNumberId ?? "" }).lean();
    if (!connection) return ignored("No WhatsApp number of this tenant received it.");
    return record(ctx, event, connection._id, {
      head: head.data,
      at: head.data.timestamp ?? event.receivedAt,
      contact,
      mapped: mapMessage(head.data, item.data.message),
    });
  },
};

interface ReadMessage {
  readonly head: InboundMessageHead;
  /** Meta's own time; without one, that of its arrival. */
  readonly at: Date;
  readonly contact: Contact;
  readonly mapped: MappedMessage;
}

async function record(
  ctx: TenantContext,
  event: WebhookEventRecord,
  connectionId: Types.ObjectId,
  read: ReadMessage,
): Promise<InboundOutcome> {
  const eventId = inboundEventId("message_received", event.phoneNumberId ?? "", read.head.id);
  // The lead that a message creates has the message as its cause.
  const caused: TenantContext = {
    ...ctx,
    actor: { type: "system", id: "whatsapp", name: "WhatsApp" },
    causation: { rootEventId: eventId, depth: 0, ruleIds: [] },
  };
  try {
    await commitChange(caused, (change) => storeOnce(caused, change, connectionId, read, eventId));
  } catch (error) {
    if (!(error instanceof EventAlreadyRecordedError)) throw error;
  }
  return processed;
}

async function storeOnce(
  ctx: TenantContext,
  change: Change,
  connectionId: Types.ObjectId,
  { head, at, contact, mapped }: ReadMessage,
  eventId: string,
): Promise<void> {
  const known = await change.models.Message.exists({ connectionId, "provider.messageId": head.id }).session(
    change.session,
  );
  if (known) return;
  const id = new Types.ObjectId();
  const lead = await findOrCreateContactInChange(ctx, change, contact);
  const mediaIds = mapped.media
    ? [
        await registerInboundMediaInChange(ctx, change, {
          ...mapped.media,
          provider: { mediaId: mapped.media.providerMediaId, connectionId },
          leadId: lead._id,
          messageId: id,
        }),
      ]
    : [];
  const isNotice = notices.has(head.type);
  await recordInboundMessage(
    ctx,
    change,
    { lead, connectionId },
    {
      id,
      providerMessageId: head.id,
      at,
      kind: mapped.kind,
      text: mapped.text,
      content: mapped.content,
      mediaIds,
      replyToProviderId: mapped.replyTo ?? head.context?.id ?? null,
      weight: weightOf(mapped, isNotice),
      eventId: isNotice ? null : eventId,
    },
  );
}

function weightOf({ kind }: MappedMessage, isNotice: boolean): InboundWeight {
  if (isNotice) return { opensWindow: false, showsInInbox: false };
  return { opensWindow: true, showsInInbox: kind !== "reaction" };
}

/** Since usernames exist, the number may be missing, or the user id; one of them identifies the person. */
function contactOf(
  { from, from_user_id }: InboundMessageHead,
  contact: { wa_id?: string; user_id?: string; profile?: { name?: string; username?: string } } | undefined,
): Contact | undefined {
  const waId = contact?.wa_id ?? from;
  const userId = contact?.user_id ?? from_user_id;
  if (waId === undefined && userId === undefined) return undefined;
  return { waId, userId, profileName: contact?.profile?.name, username: contact?.profile?.username };
}
