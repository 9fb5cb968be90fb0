import type { Conversation } from "../../../contracts/conversation.contract";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";

/** A stored conversation as the API shows it. */
export function toConversation(record: ConversationRecord): Conversation {
  const at = (time: Date | null) => time?.toISOString() ?? null;
  const { lastMessage } = record;
  return {
    id: record._id.toHexString(),
    version: record.version,
    leadId: record.leadId.toHexString(),
    channel: record.channel,
    connectionId: record.connectionId.toHexString(),
    status: record.status,
    snoozedUntil: at(record.snoozedUntil),
    priority: record.priority,
    assigneeId: record.assigneeId,
    teamId: record.teamId?.toHexString() ?? null,
    participantIds: record.participantIds,
    labels: record.labels,
    unreadCount: record.unreadCount,
    lastMessage: lastMessage && {
      id: lastMessage.id.toHexString(),
      preview: lastMessage.preview,
      direction: lastMessage.direction,
      at: lastMessage.at.toISOString(),
    },
    lastInboundAt: at(record.lastInboundAt),
    windowExpiresAt: at(record.windowExpiresAt),
    waitingSince: at(record.waitingSince),
    firstReplyAt: at(record.firstReplyAt),
    resolvedAt: at(record.resolvedAt),
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}
