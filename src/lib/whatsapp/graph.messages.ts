/** @see https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages */
import { sendAnswerSchema, successAnswerSchema } from "../../contracts/graph.contract";
import { dataOf } from "./graph.call.error";
import { callGraph, type GraphAnswer } from "./graph.request";

export interface AcceptedMessage {
  /** Meta's id of the message. */
  readonly providerMessageId: string;
  /** The number as WhatsApp spells it, which may differ from what we wrote. */
  readonly waId: string | null;
}

/**
 * Hands one message to Meta, over a connection of its own, so that how it fails tells whether it was taken.
 * @param body Meta's message body with `biz_opaque_callback_data`.
 */
export async function postMessage(input: {
  token: string;
  phoneNumberId: string;
  body: Readonly<Record<string, unknown>>;
}): Promise<GraphAnswer<AcceptedMessage>> {
  const answer = await callGraph({
    method: "POST",
    path: `/${encodeURIComponent(input.phoneNumberId)}/messages`,
    token: input.token,
    json: input.body,
    answer: sendAnswerSchema,
    freshConnection: true,
  });
  if (answer.kind !== "ok") return answer;
  const [message] = answer.data.messages;
  if (!message) return { kind: "unclear", reason: "unreadable-answer" };
  const waId = answer.data.contacts?.[0]?.wa_id ?? null;
  return { kind: "ok", data: { providerMessageId: message.id, waId } };
}

/** Marks a customer's message, and those before it, as read; with `typing` also shows that we write. @throws GraphCallError */
export async function postReceipt(input: {
  token: string;
  phoneNumberId: string;
  messageId: string;
  typing: boolean;
}): Promise<void> {
  dataOf(
    await callGraph({
      method: "POST",
      path: `/${encodeURIComponent(input.phoneNumberId)}/messages`,
      token: input.token,
      json: {
        messaging_product: "whatsapp",
        status: "read",
        message_id: input.messageId,
        ...(input.typing ? { typing_indicator: { type: "text" } } : {}),
      },
      answer: successAnswerSchema,
    }),
  );
}
