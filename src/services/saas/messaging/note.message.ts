/** What a message does to its conversation. The results do not depend on the order in which messages are processed. */
import { trusted } from "mongoose";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { MessageKind, MessageRecord } from "../../../model/saas/message.schema";
import { messagePreview } from "./message.preview";

const serviceWindowMs = 24 * 60 * 60_000;

/** How a kind of inbound message counts. */
export interface InboundWeight {
  /** Opens Meta's 24-hour service window: everything the person does, nothing that is merely told about them. */
  readonly opensWindow: boolean;
  /** Shows in the inbox: unread, last message, reopened. */
  readonly showsInInbox: boolean;
}

/** Nobody waits for an answer to these. */
const quietKinds: readonly MessageKind[] = ["reaction", "system", "edit", "revoke"];

/** Notes an inbound message. A conversation that was resolved or snoozed opens again. */
export async function noteInboundInChange(
  change: Change,
  conversation: ConversationRecord,
  message: MessageRecord,
  weight: InboundWeight,
): Promise<void> {
  const { opensWindow, showsInInbox } = weight;
  const lastInboundAt = opensWindow
    ? latest(conversation.lastInboundAt, message.sentAt)
    : conversation.lastInboundAt;
  const reopens = showsInInbox && conversation.status !== "open";
  await update(change, conversation, {
    lastInboundAt,
    windowExpiresAt: lastInboundAt && new Date(lastInboundAt.getTime() + serviceWindowMs),
    ...(showsInInbox
      ? {
          unreadCount: conversation.unreadCount + 1,
          waitingSince: isAnswered(conversation, message)
            ? conversation.waitingSince
            : earliest(conversation.waitingSince, message.sentAt),
          ...(await laterMessage(change, conversation, message)),
          status: "open",
          snoozedUntil: null,
          resolvedAt: null,
        }
      : {}),
  });
  if (reopens) {
    change.record({
      type: "conversation_opened",
      subject: { leadId: conversation.leadId.toHexString(), conversationId: conversation._id.toHexString() },
      changes: { status: { from: conversation.status, to: "open" } },
    });
  }
}

/** Notes a message of ours. What a person sends answers whoever waits; what a rule sends does not. */
export async function noteOutboundInChange(
  change: Change,
  conversation: ConversationRecord,
  message: MessageRecord,
): Promise<void> {
  const answers = message.sender.type === "user" || message.sender.type === "api";
  await update(change, conversation, {
    ...(await laterMessage(change, conversation, message)),
    ...(answers
      ? {
          waitingSince: await stillWaitingSince(change, conversation, message),
          firstReplyAt: earliest(conversation.firstReplyAt, message.sentAt),
          lastReplyAt: latest(conversation.lastReplyAt ?? null, message.sentAt),
        }
      : {}),
  });
}

/** An answer may be told of after what the person wrote next. */
async function stillWaitingSince(
  { models, session }: Change,
  { _id, waitingSince, lastInboundAt }: ConversationRecord,
  { sentAt }: MessageRecord,
): Promise<Date | null> {
  if (waitingSince === null || waitingSince > sentAt) return waitingSince;
  if (lastInboundAt === null || lastInboundAt <= sentAt) return null;
  const next = await models.Message.findOne({
    conversationId: _id,
    direction: "inbound",
    kind: trusted({ $nin: [...quietKinds] }),
    sentAt: trusted({ $gt: sentAt }),
  })
    .session(session)
    .sort({ sentAt: 1 })
    .lean();
  return next?.sentAt ?? null;
}

function isAnswered({ lastReplyAt }: ConversationRecord, { sentAt }: MessageRecord): boolean {
  return lastReplyAt !== null && lastReplyAt !== undefined && sentAt <= lastReplyAt;
}

async function update(
  { models, session, now }: Change,
  { _id }: ConversationRecord,
  fields: Partial<ConversationRecord>,
): Promise<void> {
  await models.Conversation.updateOne(
    { _id },
    { $set: { ...fields, updatedAt: now }, $inc: { version: 1 } },
    { session },
  );
}

/** The later of two by time; of the same second the one with the greater id of Meta's. */
async function laterMessage(
  change: Change,
  { lastMessage }: ConversationRecord,
  message: MessageRecord,
): Promise<Pick<ConversationRecord, "lastMessage" | "lastActivityAt">> {
  const { _id, direction, sentAt } = message;
  const candidate = { id: _id, preview: messagePreview(message), direction, at: sentAt };
  const last = lastMessage && (await isLater(change, lastMessage, message)) ? lastMessage : candidate;
  return { lastMessage: last, lastActivityAt: last.at };
}

async function isLater(
  { models, session }: Change,
  last: NonNullable<ConversationRecord["lastMessage"]>,
  message: MessageRecord,
): Promise<boolean> {
  if (last.at.getTime() !== message.sentAt.getTime()) return last.at > message.sentAt;
  const stored = await models.Message.findById(last.id).session(session).lean();
  return (stored?.provider.messageId ?? "") > (message.provider.messageId ?? "");
}

function latest(known: Date | null, at: Date): Date {
  return known && known > at ? known : at;
}

function earliest(known: Date | null, at: Date): Date {
  return known && known < at ? known : at;
}
