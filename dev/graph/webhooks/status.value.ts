/** The `value` of a status webhook. Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status */
import { errorOf } from "../errors/error.catalog";
import type { AcceptedMessage, World } from "../state/world";
import type { StatusEmission } from "./status.courier";

interface Emitted {
  message: AcceptedMessage;
  emission: StatusEmission;
}

/** From this day service messages, and utility templates inside the window, are charged. */
const serviceChargedFrom = Date.UTC(2026, 9, 1);

export function statusValue(world: World, now: Date, emitted: readonly Emitted[]): Record<string, unknown> {
  const contacts = emitted.flatMap(({ message, emission }) =>
    emission.status === "failed" || message.recipientType === "group" ? [] : [contactOf(world, message)],
  );
  return {
    ...(contacts.length > 0 ? { contacts } : {}),
    statuses: emitted.map(({ message, emission }) => statusOf(world, now, message, emission)),
  };
}

function contactOf(world: World, message: AcceptedMessage): Record<string, unknown> {
  return {
    wa_id: message.waId,
    ...(world.settings.userIds ? { user_id: message.userId } : {}),
  };
}

function statusOf(
  world: World,
  now: Date,
  message: AcceptedMessage,
  { status, timestamp, code, details }: StatusEmission,
): Record<string, unknown> {
  const priced = status === "sent" || status === "delivered" || (status === "read" && !wasDelivered(message));
  const showUser = world.settings.userIds && (status !== "failed" || message.waId === undefined);
  return {
    id: message.wamid,
    status,
    timestamp: String(timestamp),
    recipient_id: message.waId,
    ...(message.recipientType === "group" ? { recipient_type: "group" } : {}),
    ...(showUser ? { recipient_user_id: message.userId } : {}),
    biz_opaque_callback_data: message.callbackData,
    ...(priced ? { pricing: pricingOf(now, message) } : {}),
    ...(code === undefined ? {} : { errors: [errorEntry(code, details)] }),
  };
}

/** The price stands on `sent` and on one of `delivered` and `read`. */
function wasDelivered({ statuses }: AcceptedMessage): boolean {
  return statuses.some(({ status }) => status === "delivered");
}

function pricingOf(now: Date, message: AcceptedMessage): Record<string, unknown> {
  const free = message.category === "service" && now.getTime() < serviceChargedFrom;
  return {
    billable: !free,
    pricing_model: "PMP",
    type: free ? "free_customer_service" : "regular",
    category: message.category,
  };
}

function errorEntry(code: number, details: string | undefined): Record<string, unknown> {
  const { title } = errorOf(code);
  return {
    code,
    title,
    message: title,
    error_data: { details: details ?? title },
    href: "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
  };
}
