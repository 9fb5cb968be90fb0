import type { MessageKind } from "../../../../model/saas/message.schema";

/** A media item that came with a message; its bytes are fetched by a job. */
export interface InboundMedia {
  readonly kind: "image" | "audio" | "video" | "document" | "sticker";
  readonly providerMediaId: string;
  readonly mime: string;
  readonly sha256: string | null;
  readonly fileName: string | null;
}

/** What we keep of a message of one type. */
export interface MappedMessage {
  readonly kind: MessageKind;
  readonly text: string | null;
  readonly content: Record<string, unknown> | null;
  readonly media?: InboundMedia;
  /** The message it belongs to, where the type itself says so. */
  readonly replyTo?: string;
}

/**
 * One type of inbound message: reads Meta's object under the type's name.
 * @returns undefined when it has not the form we know; the message is then kept as `unsupported`, raw.
 */
export type MessageKindMapper = (
  object: unknown,
  message: Record<string, unknown>,
) => MappedMessage | undefined;
