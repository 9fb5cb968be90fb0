/** Notes that colleagues leave each other in a conversation. They stand among its messages and are never sent. */
import { Types } from "mongoose";
import type { PrivateNote } from "../../../contracts/conversation.contract";
import type { Message } from "../../../contracts/message.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { notifyInChange } from "../crm/notification.service";
import { requireUsers } from "../crm/user.read";
import { conversationInChange, saveConversation, subjectOf } from "./conversation.record";
import { toMessage } from "./message.serialiser";

/**
 * Leaves a note; the same `clientId` again answers the note that is there. It changes neither the window nor who waits.
 * Whoever it mentions is notified and follows the conversation.
 * @throws AppError not-found, invalid-reference for a mention
 */
export async function addPrivateNote(
  ctx: TenantContext,
  conversationId: string,
  { text, mentions, clientId }: PrivateNote & { readonly clientId: string },
): Promise<Message> {
  const note = await commitChange(ctx, async (change) => {
    const { Message } = change.models;
    const { session } = change;
    const conversation = await conversationInChange(change, { id: conversationId });
    const known = await Message.findOne({ conversationId: conversation._id, clientId })
      .session(session)
      .lean();
    if (known) return known;
    await requireUsers(ctx, mentions, "/mentions");
    const record = noteRecord(ctx, change, conversation, { text, clientId });
    await Message.insertMany([record], { session });
    change.record({
      type: "note_added",
      subject: { ...subjectOf(conversation), messageId: record._id.toHexString() },
      data: { private: true, mentions },
    });
    await tellMentioned(ctx, change, conversation, mentions);
    return record;
  });
  return toMessage(note);
}

async function tellMentioned(
  ctx: TenantContext,
  change: Change,
  conversation: ConversationRecord,
  mentions: readonly string[],
): Promise<void> {
  if (mentions.length === 0) return;
  const participantIds = [...new Set([...conversation.participantIds, ...mentions])];
  await saveConversation(ctx, change, conversation, { ...conversation, participantIds });
  await notifyInChange(ctx, change, {
    userIds: mentions,
    kind: "mention",
    text: "You were mentioned in a conversation.",
    leadId: conversation.leadId,
    conversationId: conversation._id,
  });
}

function noteRecord(
  ctx: TenantContext,
  { now }: Change,
  { _id: conversationId, connectionId, leadId }: ConversationRecord,
  { text, clientId }: { text: string; clientId: string },
): MessageRecord {
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    conversationId,
    connectionId,
    leadId,
    direction: "outbound",
    kind: "note",
    private: true,
    text,
    mediaIds: [],
    template: null,
    content: null,
    replyToProviderId: null,
    reactions: [],
    clientId,
    provider: { name: "whatsapp", messageId: null, timestamp: null },
    // It is where it belongs: nothing of it is on its way.
    status: "received",
    statusAt: { received: now },
    attemptId: null,
    attempts: 0,
    error: null,
    pricing: null,
    sender: { type: "user", id: ctx.actor.id },
    actor: ctx.actor,
    sentAt: now,
    redactedAt: null,
  };
}
