import { hmacHex } from "../src/lib/crypto/hmac";
import { env } from "../src/lib/env/env";
import { apiEvent } from "../src/lib/http/api.event";

/** A webhook of one text, as Meta signs it and API Gateway hands it on. */
export function delivery(ids: { phoneNumberId: string; wabaId: string; from: string; wamid: string }) {
  const message = {
    from: ids.from,
    id: ids.wamid,
    timestamp: String(Math.floor(Date.now() / 1000)),
    type: "text",
    text: { body: "Hello!" },
  };
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "351210000001", phone_number_id: ids.phoneNumberId },
    contacts: [{ profile: { name: "Ana Souza" }, wa_id: ids.from }],
    messages: [message],
  };
  const body = Buffer.from(
    JSON.stringify({
      object: "whatsapp_business_account",
      entry: [{ id: ids.wabaId, changes: [{ field: "messages", value }] }],
    }),
  );
  const signature = `sha256=${hmacHex(env().WHATSAPP_APP_SECRET, body)}`;
  return apiEvent({
    method: "POST",
    target: "/api/webhooks/whatsapp",
    rawHeaders: ["content-type", "application/json", "x-hub-signature-256", signature],
    body,
  });
}
