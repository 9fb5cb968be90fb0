import type { MessageRecord } from "../../../model/saas/message.schema";

/** What an event about a message names. */
export function subjectOf({ _id, leadId, conversationId }: MessageRecord) {
  return {
    leadId: leadId.toHexString(),
    conversationId: conversationId.toHexString(),
    messageId: _id.toHexString(),
  };
}
