import type { InboundMessageHead } from "../../../../contracts/whatsapp.message.contract";
import { storable } from "../../../../lib/whatsapp/storable";
import { messageKinds } from "./kinds";
import type { MappedMessage } from "./message.kind";

/**
 * What we keep of a message. A type we do not know, or one that does not have its known form, is kept whole as
 * `unsupported`: shown as such, never thrown away.
 */
export function mapMessage(head: InboundMessageHead, message: Record<string, unknown>): MappedMessage {
  const mapped = messageKinds.get(head.type)?.(message[head.type], message);
  const { kind, text, content, media, replyTo } = mapped ?? unsupported(head.type, message);
  const extras = {
    ...content,
    ...(head.referral ? { referral: head.referral } : {}),
    ...(head.context && Object.keys(head.context).length > 0 ? { context: head.context } : {}),
    ...(message.errors ? { errors: message.errors } : {}),
  };
  return {
    kind,
    text,
    content: Object.keys(extras).length > 0 ? storable(extras) : null,
    ...(media ? { media } : {}),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

function unsupported(type: string, message: Record<string, unknown>): MappedMessage {
  return { kind: "unsupported", text: null, content: { type, raw: message } };
}
