import type { MessageRecord } from "../../../model/saas/message.schema";

/** What a message's row holds of its content, in Meta's own form, as that of inbound messages is. */
export type ComposedContent = Pick<MessageRecord, "kind" | "text" | "mediaIds" | "template" | "content"> &
  /** Where the kind itself names a message, as reactions do. */
  Partial<Pick<MessageRecord, "replyToProviderId">>;

/** A row's content with nothing in it but what is given. */
export function composed(
  kind: MessageRecord["kind"],
  fields: Partial<Omit<ComposedContent, "kind">>,
): ComposedContent {
  return { kind, text: null, mediaIds: [], template: null, content: null, ...fields };
}
