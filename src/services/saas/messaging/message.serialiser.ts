import type { Message } from "../../../contracts/message.contract";
import type { MessageRecord, MessageStatus } from "../../../model/saas/message.schema";

/** A stored message as the API shows it. An error is shown only while it is what became of the message. */
export function toMessage(record: MessageRecord): Message {
  const { sender, provider } = record;
  return {
    id: record._id.toHexString(),
    version: record.version,
    conversationId: record.conversationId.toHexString(),
    leadId: record.leadId.toHexString(),
    connectionId: record.connectionId.toHexString(),
    direction: record.direction,
    kind: record.kind,
    text: record.text,
    mediaIds: record.mediaIds.map((id) => id.toHexString()),
    template: record.template && {
      name: record.template.name,
      language: record.template.language,
      variables: record.template.variables,
      rendered: record.template.rendered,
    },
    content: record.content,
    replyToProviderId: record.replyToProviderId,
    replyToId: record.replyToId?.toHexString() ?? null,
    reactions: record.reactions.map(({ from, emoji, at }) => ({ from, emoji, at: at.toISOString() })),
    clientId: record.clientId,
    providerMessageId: provider.messageId,
    status: record.status,
    statusAt: timesOf(record.statusAt),
    error: record.status === "failed" ? record.error : null,
    pricing: record.pricing,
    sender: {
      type: sender.type,
      id: sender.id,
      ruleId: sender.ruleId?.toHexString() ?? null,
      runId: sender.runId?.toHexString() ?? null,
      stepId: sender.stepId ?? null,
    },
    editedAt: record.editedAt?.toISOString() ?? null,
    revokedAt: record.revokedAt?.toISOString() ?? null,
    redactedAt: record.redactedAt?.toISOString() ?? null,
    sentAt: record.sentAt.toISOString(),
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}

function timesOf(statusAt: Partial<Record<MessageStatus, Date>>): Message["statusAt"] {
  const times: Message["statusAt"] = {};
  for (const [status, at] of Object.entries(statusAt)) Object.assign(times, { [status]: at.toISOString() });
  return times;
}
