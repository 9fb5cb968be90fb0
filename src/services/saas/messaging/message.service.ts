/** Messages of ours: checked and stored here, sent by a job. */
import { Types } from "mongoose";
import type { Message } from "../../../contracts/message.contract";
import type { OutgoingContent } from "../../../contracts/outgoing.content.contract";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { AppError } from "../../../lib/errors/app.error";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { requirePublicUrl } from "../../../lib/net/public.address";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { MessageRecord, MessageSender } from "../../../model/saas/message.schema";
import { invalidReference, invalidState, notFound } from "../crm/crm.problem";
import { touchLeadInChange } from "../crm/lead.service";
import { composeMessage } from "./compose.message";
import type { ComposedContent } from "./composed.content";
import { toMessage } from "./message.serialiser";
import { noteOutboundInChange } from "./note.message";
import { chooseConnection, openConversationInChange, requireConnected } from "./open.conversation";
import { marketingRefusal, refuseUnwanted } from "./refuse.unwanted";
import { relateMessageInChange } from "./relate.message";

/** To whom: a conversation, or a lead over one of the tenant's numbers. */
export type MessageTarget =
  | { readonly conversationId: string }
  | { readonly leadId: string; readonly connectionId?: string | undefined };

export type SendMessageInput = MessageTarget & {
  /** What makes it happen once: the same id in the same conversation gives the first message. */
  readonly clientId: string;
  readonly content: OutgoingContent;
  /** A message of the conversation to quote. */
  readonly replyToId?: string | undefined;
  /** Follows from the context's actor when absent. */
  readonly sender?: MessageSender;
};

/** What belongs into the same change as the message; called also for one that was stored before. */
export type WithMessage = (change: Change, message: MessageRecord) => Promise<void>;

/**
 * Stores a message as `queued` and has it sent. Everything that is known to fail is refused here.
 * @throws AppError not-found, invalid-reference, invalid-state, opted-out, outside-service-window,
 * template-not-sendable, missing-variable, invalid-variable, media-unsupported, url-not-allowed.
 */
export async function sendMessage(
  ctx: TenantContext,
  input: SendMessageInput,
  also: WithMessage = async () => undefined,
): Promise<Message> {
  const store = () =>
    commitChange(ctx, async (change) => {
      const message = await queueMessage(ctx, change, input);
      await also(change, message);
      return message;
    });
  // before the change, which must not wait for the look-up of a name
  if (input.content.kind === "media_link") await requirePublicUrl(input.content.link);
  try {
    return toMessage(await store());
  } catch (error) {
    // A twin of this request was faster: its row is the answer.
    if (!isDuplicateKey(error, "client")) throw error;
    return toMessage(await store());
  }
}

async function queueMessage(
  ctx: TenantContext,
  change: Change,
  input: SendMessageInput,
): Promise<MessageRecord> {
  const { models, session } = change;
  const { lead, connection, conversation } = await resolveTarget(ctx, change, input);
  const known = await models.Message.findOne({ conversationId: conversation._id, clientId: input.clientId })
    .session(session)
    .lean();
  if (known) return known;
  refuseUnwanted(lead);
  const { content } = input;
  const composed = await composeMessage(ctx, change, { lead, conversation, connection, content });
  const refusal = await marketingRefusal(models, lead, connection, composed.template);
  if (refusal !== null) throw new AppError("opted-out", refusal);
  const replyToProviderId =
    composed.replyToProviderId ?? (await quotedId(change, conversation, input.replyToId));
  const message: MessageRecord = {
    ...queuedRecord(ctx, change, input, composed, conversation),
    replyToProviderId,
  };
  await models.Message.insertMany([message], { session });
  await noteQueued(ctx, change, conversation, message);
  change.record({
    type: "message_queued",
    subject: {
      leadId: lead._id.toHexString(),
      conversationId: conversation._id.toHexString(),
      messageId: message._id.toHexString(),
    },
    data: { kind: message.kind, sender: { type: message.sender.type } },
  });
  change.afterCommit(async () => {
    await enqueueSend(ctx, message);
  });
  return message;
}

/** A reaction shows on its message at once; it answers nobody and is no line of the inbox. */
async function noteQueued(
  ctx: TenantContext,
  change: Change,
  conversation: ConversationRecord,
  message: MessageRecord,
): Promise<void> {
  await relateMessageInChange(ctx, change, message);
  if (message.kind === "reaction") return;
  await noteOutboundInChange(change, conversation, message);
  await touchLeadInChange(ctx, change, message.leadId, { outboundAt: message.sentAt });
}

/**
 * Has a stored message sent; messages of one conversation go one at a time in the order of their enqueueing. That is
 * the order of their storing for whoever waits for one answer before the next request; of two that are stored at the
 * same time either may go first, and one that the sweep or a person takes up goes behind those enqueued before it. A
 * failure to enqueue is not the caller's: the row stands, and the sweep enqueues it.
 * @returns whether there is a new job; false also for one that has its job already.
 */
export async function enqueueSend(
  ctx: TenantContext,
  { _id, conversationId }: Pick<MessageRecord, "_id" | "conversationId">,
): Promise<boolean> {
  failpoint("after-message-queued");
  const messageId = _id.toHexString();
  try {
    const { created } = await enqueue({
      type: "whatsapp.send",
      payload: { clientCode: ctx.clientCode, messageId },
      requestId: ctx.requestId,
      key: messageId,
      orderingKey: conversationId.toHexString(),
    });
    return created;
  } catch (error) {
    ctx.logger.error("A message could not be enqueued; the tenant sweep does it.", { messageId }, error);
    return false;
  }
}

interface Target {
  readonly lead: LeadRecord;
  readonly connection: ConnectionRecord;
  readonly conversation: ConversationRecord;
}

async function resolveTarget(ctx: TenantContext, change: Change, input: SendMessageInput): Promise<Target> {
  const { models, session } = change;
  if ("conversationId" in input) {
    const id = new Types.ObjectId(input.conversationId);
    const conversation = await models.Conversation.findById(id).session(session).lean();
    if (!conversation) throw notFound("conversation");
    const lead = await livingLead(change, conversation.leadId);
    const connection = await models.Connection.findById(conversation.connectionId).session(session).lean();
    if (!lead || !connection) {
      throw invalidState("The lead or the WhatsApp number of this conversation is no longer here.");
    }
    requireConnected(connection);
    return { lead, connection, conversation };
  }
  const lead = await livingLead(change, new Types.ObjectId(input.leadId));
  if (!lead) throw notFound("lead");
  const connection = await chooseConnection(change, input.connectionId);
  const ids = { leadId: lead._id, connectionId: connection._id };
  return { lead, connection, conversation: await openConversationInChange(ctx, change, ids) };
}

function livingLead({ models, session }: Change, _id: Types.ObjectId): Promise<LeadRecord | null> {
  return models.Lead.findOne({ _id, deletedAt: null }).session(session).lean();
}

async function quotedId(
  { models, session }: Change,
  { _id: conversationId }: ConversationRecord,
  replyToId: string | undefined,
): Promise<string | null> {
  if (replyToId === undefined) return null;
  const quoted = await models.Message.findOne({ _id: new Types.ObjectId(replyToId), conversationId })
    .session(session)
    .lean();
  if (!quoted) throw invalidReference("/replyToId", "message of this conversation");
  if (quoted.provider.messageId === null) {
    throw new AppError(
      "invalid-state",
      "The quoted message has not been taken by WhatsApp. Quote another one.",
    );
  }
  return quoted.provider.messageId;
}

function queuedRecord(
  ctx: TenantContext,
  { now }: Change,
  { clientId, sender = senderOf(ctx) }: SendMessageInput,
  composed: ComposedContent,
  conversation: ConversationRecord,
): MessageRecord {
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    conversationId: conversation._id,
    connectionId: conversation.connectionId,
    leadId: conversation.leadId,
    direction: "outbound",
    ...composed,
    private: false,
    replyToProviderId: null,
    reactions: [],
    clientId,
    provider: { name: "whatsapp", messageId: null, timestamp: null },
    status: "queued",
    statusAt: { queued: now },
    attemptId: null,
    attempts: 0,
    error: null,
    pricing: null,
    sender,
    chain: ctx.causation ? { depth: ctx.causation.depth, ruleIds: ctx.causation.ruleIds } : null,
    actor: ctx.actor,
    sentAt: now,
    redactedAt: null,
  };
}

function senderOf({ actor }: TenantContext): MessageSender {
  switch (actor.type) {
    case "user":
    case "automation":
      return { type: actor.type, id: actor.id };
    case "api_key":
      return { type: "api", id: actor.id };
    default:
      return { type: "system", id: actor.id };
  }
}
