/** The frame around everything Meta sends. */
import type { PhoneNumber } from "../state/world";

export interface WebhookEntry {
  id: string;
  time?: number;
  changes: { field: string; value: Record<string, unknown> }[];
}

export function envelope(entries: readonly WebhookEntry[]): Record<string, unknown> {
  return { object: "whatsapp_business_account", entry: entries };
}

/** One `messages` change of a number: inbound messages or statuses. */
export function messagesEntry(number: PhoneNumber, value: Record<string, unknown>): WebhookEntry {
  return {
    id: number.wabaId,
    changes: [
      {
        value: {
          messaging_product: "whatsapp",
          metadata: { display_phone_number: number.display, phone_number_id: number.id },
          ...value,
        },
        field: "messages",
      },
    ],
  };
}

/** One change of an account or template field; these carry `time`. */
export function accountChange(
  wabaId: string,
  time: number,
  field: string,
  value: Record<string, unknown>,
): WebhookEntry {
  return { id: wabaId, time, changes: [{ value, field }] };
}
