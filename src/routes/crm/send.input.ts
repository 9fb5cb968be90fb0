import { randomUUID } from "node:crypto";
import type { SendMessageBody } from "../../contracts/outgoing.content.contract";

/** The caller's own key, else the Idempotency-Key: two requests with one of them are one message. */
export function sendInput(body: SendMessageBody, idempotencyKey: string | undefined) {
  const key = idempotencyKey === undefined ? randomUUID() : `key:${idempotencyKey}`;
  if (body.kind === "reaction") {
    const { clientId = key, ...content } = body;
    return { clientId, content };
  }
  const { clientId = key, replyToId, ...content } = body;
  return { clientId, replyToId, content };
}
