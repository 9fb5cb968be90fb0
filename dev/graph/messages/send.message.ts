/** `POST /{phone_number_id}/messages`: check, accept, and start what follows. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { type Answer, jsonObject, ok } from "../http/exchange";
import type { NumberCall } from "../http/node.routes";
import { newWamid } from "../state/identifiers";
import type { AcceptedMessage } from "../state/world";
import { groupTypes, messageChecks } from "./index";
import { parseParameter } from "./parameter";
import { markAsRead } from "./read.message";
import { type Recipient, recipientOf } from "./recipient";
import type { Accepted } from "./send.context";
import { outsideWindow } from "./service.window";

const envelopeSchema = z.looseObject({
  messaging_product: z.literal("whatsapp", "must be 'whatsapp'"),
  type: z.string().default("text"),
  context: z.strictObject({ message_id: z.string().min(1) }).optional(),
  biz_opaque_callback_data: z.string().max(512, "must be at most 512 characters long").optional(),
});

const envelopeKeys = new Set([
  "messaging_product",
  "recipient_type",
  "to",
  "recipient",
  "type",
  "context",
  "biz_opaque_callback_data",
  "message_activity_sharing",
  "product_policy",
]);

/** Sends, marks as read, or shows typing: Meta has one address for all three. */
export async function postMessages({ graph, node: number, exchange }: NumberCall): Promise<Answer> {
  const body = jsonObject(exchange);
  parseParameter(
    z.looseObject({ messaging_product: z.literal("whatsapp", "must be 'whatsapp'") }),
    body,
    "request",
  );
  if (!number.registered) throw new GraphError(133010, { details: "Register the phone number first" });
  if (body.status !== undefined) return ok(markAsRead(graph, number, body));

  const recipient = recipientOf(graph, number, body);
  const envelope = parseParameter(envelopeSchema, body, "request");
  const check = messageChecks.get(envelope.type);
  if (!check) {
    throw new GraphError(100, {
      details: `Param type must be one of {${[...messageChecks.keys()].join(", ")}} - got "${envelope.type}".`,
    });
  }
  refuseUnknownKeys(body, envelope.type);
  if (recipient.group && !groupTypes.includes(envelope.type)) {
    throw new GraphError(130501, { details: `${envelope.type} messages cannot be sent to a group` });
  }
  const accepted = await check(body[envelope.type], { graph, number, person: recipient.person });
  if (!recipient.sentToPhone && accepted.category === "authentication") throw new GraphError(131062);
  graph.limits.take(number.id, recipient.key);

  const message: AcceptedMessage = {
    wamid: newWamid(recipient.waId ?? recipient.userId ?? recipient.input, "outbound"),
    phoneNumberId: number.id,
    wabaId: number.wabaId,
    input: recipient.input,
    waId: recipient.waId,
    userId: recipient.userId,
    recipientType: recipient.group ? "group" : "individual",
    type: envelope.type,
    category: accepted.category ?? "service",
    callbackData: envelope.biz_opaque_callback_data,
    acceptedAtMs: graph.clock.nowMs(),
    body,
    statuses: [],
  };
  graph.world.messages.set(message.wamid, message);
  await graph.statuses.follow(message, laterFailure(graph, message, recipient, accepted), accepted.statuses);
  return ok(acceptance(message, recipient, accepted));
}

function refuseUnknownKeys(body: Record<string, unknown>, type: string): void {
  const unexpected = Object.keys(body).filter((key) => !envelopeKeys.has(key) && key !== type);
  if (unexpected.length === 0) return;
  const details = `Unexpected key "${unexpected.join('", "')}" on param "request"`;
  throw new GraphError(100, { message: `(#100) ${details}`, details });
}

/** What goes wrong only after the 200: nobody there, the closed window, media that cannot be used. */
function laterFailure(
  graph: Graph,
  message: AcceptedMessage,
  { person }: Recipient,
  accepted: Accepted,
): Accepted["failsWith"] {
  if (person && !person.onWhatsApp) {
    return { code: 131026, details: "Receiver is incapable of receiving this message" };
  }
  if (message.type !== "template" && person && outsideWindow(graph, message.phoneNumberId, person)) {
    return {
      code: 131047,
      details:
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    };
  }
  return accepted.failsWith;
}

function acceptance(message: AcceptedMessage, recipient: Recipient, accepted: Accepted): unknown {
  const messageStatus =
    message.type === "template" ? { message_status: accepted.messageStatus ?? "accepted" } : {};
  const contact = recipient.group
    ? { input: recipient.input, wa_id: recipient.input }
    : recipient.sentToPhone
      ? { input: recipient.input, wa_id: recipient.waId }
      : { input: recipient.input, user_id: recipient.userId };
  return {
    messaging_product: "whatsapp",
    contacts: [contact],
    messages: [
      {
        id: message.wamid,
        ...(recipient.group ? { group_id: recipient.input } : {}),
        ...messageStatus,
      },
    ],
  };
}
