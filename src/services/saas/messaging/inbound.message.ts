import type { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { MessageKind, MessageRecord } from "../../../model/saas/message.schema";
import { touchLeadInChange } from "../crm/lead.service";
import { type InboundWeight, noteInboundInChange, noteOutboundInChange } from "./note.message";
import { openConversationInChange } from "./open.conversation";
import { recordSent } from "./raise.status";
import { relateMessageInChange } from "./relate.message";

/** A customer's message, mapped from Meta's form. */
export interface InboundMessage {
  readonly id: Types.ObjectId;
  readonly providerMessageId: string;
  /** Meta's own time. */
  readonly at: Date;
  readonly kind: MessageKind;
  readonly text: string | null;
  readonly content: Record<string, unknown> | null;
  readonly mediaIds: Types.ObjectId[];
  readonly replyToProviderId: string | null;
  readonly weight: InboundWeight;
  /** Id of the event that tells of it; null for what is no message of the person, e.g. a notice of WhatsApp's. */
  readonly eventId: string | null;
}

/**
 * Stores a customer's message with all that follows from it: conversation, counters, window, consent, event. The row
 * is unique by Meta's id; the caller has looked that it is not there yet.
 */
export async function recordInboundMessage(
  ctx: TenantContext,
  change: Change,
  from: { readonly lead: LeadRecord; readonly connectionId: Types.ObjectId },
  inbound: InboundMessage,
): Promise<MessageRecord> {
  const { lead, connectionId } = from;
  const conversation = await openConversationInChange(ctx, change, { leadId: lead._id, connectionId });
  const message = inboundRecord(ctx, change, inbound, {
    conversationId: conversation._id,
    connectionId,
    leadId: lead._id,
  });
  await change.models.Message.insertMany([message], { session: change.session });
  await noteInboundInChange(change, conversation, message, inbound.weight);
  if (inbound.weight.opensWindow) await touchLeadInChange(ctx, change, lead._id, { inboundAt: inbound.at });
  await relateMessageInChange(ctx, change, message);
  if (inbound.eventId !== null) {
    change.record({
      id: inbound.eventId,
      type: "message_received",
      subject: {
        leadId: lead._id.toHexString(),
        conversationId: conversation._id.toHexString(),
        messageId: message._id.toHexString(),
      },
      data: { kind: message.kind, connectionId: connectionId.toHexString() },
      occurredAt: inbound.at,
    });
  }
  return message;
}

/**
 * Stores what somebody of the business wrote in WhatsApp's own app: a message of ours that is sent already. It answers
 * whoever waits, and opens no window.
 */
export async function recordEchoInChange(
  ctx: TenantContext,
  change: Change,
  to: { readonly lead: LeadRecord; readonly connectionId: Types.ObjectId },
  echo: Omit<InboundMessage, "weight" | "eventId">,
): Promise<MessageRecord> {
  const { lead, connectionId } = to;
  const conversation = await openConversationInChange(ctx, change, { leadId: lead._id, connectionId });
  const place = { conversationId: conversation._id, connectionId, leadId: lead._id };
  const message: MessageRecord = {
    ...inboundRecord(ctx, change, echo, place),
    direction: "outbound",
    status: "sent",
    statusAt: { sent: echo.at },
    sender: { type: "user", id: "whatsapp-app" },
  };
  await change.models.Message.insertMany([message], { session: change.session });
  if (message.kind !== "edit" && message.kind !== "revoke" && message.kind !== "reaction") {
    await noteOutboundInChange(change, conversation, message);
    await touchLeadInChange(ctx, change, lead._id, { outboundAt: echo.at });
    recordSent(change, { ...message, statusAt: {} });
  }
  await relateMessageInChange(ctx, change, message);
  return message;
}

function inboundRecord(
  ctx: TenantContext,
  { now }: Change,
  inbound: Omit<InboundMessage, "weight" | "eventId">,
  place: Pick<MessageRecord, "conversationId" | "connectionId" | "leadId">,
): MessageRecord {
  return {
    _id: inbound.id,
    version: 1,
    createdAt: now,
    updatedAt: now,
    ...place,
    direction: "inbound",
    kind: inbound.kind,
    private: false,
    text: inbound.text,
    mediaIds: inbound.mediaIds,
    template: null,
    content: inbound.content,
    replyToProviderId: inbound.replyToProviderId,
    reactions: [],
    clientId: `meta:${inbound.providerMessageId}`,
    provider: { name: "whatsapp", messageId: inbound.providerMessageId, timestamp: inbound.at },
    status: "received",
    statusAt: { received: inbound.at },
    attemptId: null,
    attempts: 0,
    error: null,
    pricing: null,
    sender: { type: "lead", id: place.leadId.toHexString() },
    actor: ctx.actor,
    sentAt: inbound.at,
    redactedAt: null,
  };
}
