import { Types } from "mongoose";
import type { OutgoingContent } from "../../../contracts/outgoing.content.contract";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import { invalidReference, invalidState } from "../crm/crm.problem";
import { type ComposedContent, composed } from "./composed.content";

const thirtyDaysMs = 30 * 24 * 60 * 60_000;

/**
 * A reaction to a message of the conversation; with an empty emoji it takes ours back.
 * @throws AppError invalid-reference, invalid-state: Meta takes reactions only to messages it knows, for 30 days.
 */
export async function composeReaction(
  { models, session, now }: Change,
  { _id: conversationId }: ConversationRecord,
  { messageId, emoji }: Extract<OutgoingContent, { kind: "reaction" }>["reaction"],
): Promise<ComposedContent> {
  const target = await models.Message.findOne({ _id: new Types.ObjectId(messageId), conversationId })
    .session(session)
    .lean();
  if (!target) throw invalidReference("/reaction/messageId", "message of this conversation");
  if (target.kind === "reaction") throw invalidState("A reaction cannot be reacted to. Name the message.");
  if (target.provider.messageId === null) {
    throw invalidState("This message has not been taken by WhatsApp yet. React when it is sent.");
  }
  if (now.getTime() - target.sentAt.getTime() > thirtyDaysMs) {
    throw invalidState(
      "WhatsApp takes reactions only to messages of the last 30 days. Write a reply instead.",
    );
  }
  return composed("reaction", {
    text: emoji || null,
    content: { emoji },
    replyToProviderId: target.provider.messageId,
  });
}
