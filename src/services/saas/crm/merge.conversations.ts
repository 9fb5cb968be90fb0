import type { Types } from "mongoose";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { LeadMerging, LeadRecord } from "../../../model/saas/lead.schema";
import { changedFields } from "./changed.fields";
import { earliest, latest, unite } from "./lead.merge.fields";

/**
 * Gives a merged lead's conversations to the lead that took it in. There is one per person and number: where both had
 * one, the base's goes on with what the other knew, and the other is gone; its messages follow.
 * @returns which conversations became which.
 */
export async function joinConversations(
  change: Change,
  base: LeadRecord,
  other: LeadRecord,
): Promise<LeadMerging["conversations"]> {
  const { Conversation } = change.models;
  const { session, now } = change;
  const ours = await Conversation.find({ leadId: base._id }).session(session).lean();
  const theirs = await Conversation.find({ leadId: other._id }).session(session).lean();
  const joined: LeadMerging["conversations"] = [];
  for (const conversation of theirs) {
    const twin = ours.find(({ connectionId }) => connectionId.equals(conversation.connectionId));
    if (!twin) {
      await Conversation.updateOne(
        { _id: conversation._id },
        { $set: { leadId: base._id, updatedAt: now }, $inc: { version: 1 } },
        { session },
      );
      recordMoved(change, conversation, base._id);
      continue;
    }
    const saved = { ...joinedFields(twin, conversation, sameNumber(base, other)), updatedAt: now };
    await Conversation.deleteOne({ _id: conversation._id }, { session });
    await Conversation.updateOne(
      { _id: twin._id },
      { $set: changedFields(twin, saved), $inc: { version: 1 } },
      { session },
    );
    joined.push({ from: conversation._id, to: twin._id });
    change.record({
      type: "conversation_merged",
      subject: { leadId: base._id.toHexString(), conversationId: twin._id.toHexString() },
      data: { mergedConversationId: conversation._id.toHexString() },
    });
  }
  return joined;
}

function recordMoved(change: Change, conversation: ConversationRecord, leadId: Types.ObjectId): void {
  const [from, to] = [conversation.leadId.toHexString(), leadId.toHexString()];
  change.record({
    type: "conversation_updated",
    subject: { leadId: to, conversationId: conversation._id.toHexString() },
    changes: { leadId: { from, to } },
  });
}

/** Meta's window belongs to a number of the person's: that of a number we do not write to opens nothing. */
function sameNumber(base: LeadRecord, other: LeadRecord): boolean {
  return base.waId === null || other.waId === null || base.waId === other.waId;
}

const statuses = ["resolved", "snoozed", "pending", "open"] as const;
const priorities = ["none", "low", "medium", "high", "urgent"] as const;

/** What the conversation that stays is from now on: nothing that somebody waits for is forgotten. */
function joinedFields(
  base: ConversationRecord,
  other: ConversationRecord,
  oneNumber: boolean,
): ConversationRecord {
  const status = higher(statuses, base.status, other.status);
  const snoozes = status === "snoozed" ? earliest(base.snoozedUntil, other.snoozedUntil) : null;
  const [ours, theirs] = [base.lastMessage, other.lastMessage];
  const lastMessage = ours && theirs ? (ours.at >= theirs.at ? ours : theirs) : (ours ?? theirs);
  return {
    ...base,
    status,
    snoozedUntil: snoozes,
    priority: higher(priorities, base.priority, other.priority),
    assigneeId: base.assigneeId ?? other.assigneeId,
    teamId: base.teamId ?? other.teamId,
    participantIds: unite(base.participantIds, other.participantIds),
    labels: unite(base.labels, other.labels),
    unreadCount: base.unreadCount + other.unreadCount,
    lastMessage,
    lastActivityAt: latest(base.lastActivityAt, other.lastActivityAt) ?? base.lastActivityAt,
    lastInboundAt: latest(base.lastInboundAt, other.lastInboundAt),
    windowExpiresAt: oneNumber ? latest(base.windowExpiresAt, other.windowExpiresAt) : base.windowExpiresAt,
    waitingSince: earliest(base.waitingSince, other.waitingSince),
    firstReplyAt: earliest(base.firstReplyAt, other.firstReplyAt),
    resolvedAt: status === "resolved" ? latest(base.resolvedAt, other.resolvedAt) : null,
    custom: { ...other.custom, ...base.custom },
    mergedFrom: [...(base.mergedFrom ?? []), ...(other.mergedFrom ?? []), other._id],
  };
}

function higher<T extends string>(scale: readonly T[], a: T, b: T): T {
  return scale.indexOf(a) >= scale.indexOf(b) ? a : b;
}
