/** Every type of inbound message as Meta writes it, and hostile ones. */
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { tenantMediaStorage } from "../../../src/lib/media/storage/gridfs.storage";
import { MediaBytesMissingError } from "../../../src/lib/media/storage/media.storage";
import { downloadMedia, lookUpMedia } from "../../../src/lib/whatsapp/graph.client";
import type { MessageRecord } from "../../../src/model/saas/message.schema";
import { allOf } from "../../../src/services/saas/media/media.bytes";
import {
  contactOf,
  customerMessage,
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp([numberOf(1)]);
  tenant = await whatsappTenant(stack, numberOf(1));
});
afterAll(() => stack.close());

const from = "447700908001";

async function received(
  fields: Record<string, unknown>,
  contact = contactOf(from, "Ana"),
): Promise<MessageRecord> {
  const message = customerMessage(from, { text: undefined, ...fields });
  const answer = await stack.deliver(
    webhookBody(tenant.number, { contacts: [contact], messages: [message] }),
  );
  expect(answer.status).toBe(200);
  await stack.drain();
  const stored = await tenant.models.Message.findOne({ "provider.messageId": message.id }).lean();
  if (!stored) throw new Error("The message was not stored.");
  return stored;
}

// https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples
test.each([
  ["text", { text: { body: "Hi" } }, { kind: "text", text: "Hi" }],
  ["location", { location: { latitude: 1, longitude: 2, name: "Here" } }, { kind: "location", text: "Here" }],
  [
    "contacts",
    { contacts: [{ name: { formatted_name: "Bo Li" }, phones: [{ phone: "+1 555" }] }] },
    { kind: "contacts", text: "Bo Li" },
  ],
  ["button", { button: { payload: "STOP", text: "Stop" } }, { kind: "button", content: { payload: "STOP" } }],
  [
    "interactive",
    { interactive: { type: "list_reply", list_reply: { id: "a", title: "A" } } },
    { kind: "interactive", text: "A" },
  ],
  [
    "interactive",
    {
      interactive: { type: "nfm_reply", nfm_reply: { name: "flow", body: "Sent", response_json: '{"q":1}' } },
    },
    { kind: "interactive", content: { response: { q: 1 } } },
  ],
  [
    "interactive",
    { interactive: { type: "nfm_reply", nfm_reply: { name: "flow", response_json: "no json" } } },
    { kind: "interactive", content: { response: null } },
  ],
  ["order", { order: { catalog_id: "1", product_items: [{ quantity: "2" }] } }, { kind: "order" }],
  ["system", { system: { type: "user_changed_number", body: "Changed", wa_id: "1" } }, { kind: "system" }],
  ["image", { image: { mime_type: "image/jpeg" }, errors: [{ code: 131_052 }] }, { kind: "unsupported" }],
  [
    "unsupported",
    { errors: [{ code: 131_051 }] },
    { kind: "unsupported", content: { errors: [{ code: 131_051 }] } },
  ],
  ["hologram", { hologram: { beam: 1 } }, { kind: "unsupported", content: { type: "hologram" } }],
])("%s is kept as what it is", async (type, fields, expected) => {
  expect(await received({ type, ...fields })).toMatchObject(expected);
});

test("media gets a row of its own, and its bytes are fetched", async () => {
  const uploaded = await fetch(`${stack.graph.url}/_sim/media?phoneNumberId=${tenant.number.phoneNumberId}`, {
    method: "POST",
    headers: { "content-type": "application/pdf" },
    body: "%PDF-1.7\n%%EOF",
  });
  const { id } = Object(await uploaded.json());
  const message = await received({
    type: "document",
    document: { id, mime_type: "application/pdf", filename: "offer.pdf", caption: "Our offer" },
  });
  expect(message).toMatchObject({ kind: "document", text: "Our offer", mediaIds: { length: 1 } });
  const asset = await tenant.models.MediaAsset.findById(message.mediaIds[0]).lean();
  expect(asset).toMatchObject({ origin: "inbound", state: "ready", fileName: "offer.pdf" });
  const keys = asset?.renditions.map(({ storageKey }) => storageKey) ?? [];
  expect(keys).not.toEqual([]);
  const storage = await tenantMediaStorage(tenant.ctx.clientCode);
  const target = message.provider.messageId;
  await received({ type: "revoke", revoke: { original_message_id: target } });
  // who deletes a message deletes what came with it
  expect(await tenant.models.MediaAsset.findById(asset?._id).lean()).toMatchObject({
    state: "failed",
    error: { code: "revoked" },
    renditions: [],
    looseKeys: [],
  });
  for (const key of keys) await expect(allOf(storage.read(key))).rejects.toThrow(MediaBytesMissingError);
});

test("a notice neither opens the window nor counts as unread; a reaction opens it and counts as nothing more", async () => {
  const person = "447700908002";
  const deliver = async (fields: Record<string, unknown>) => {
    const message = customerMessage(person, { text: undefined, ...fields });
    await stack.deliver(
      webhookBody(tenant.number, { contacts: [contactOf(person, "Bo")], messages: [message] }),
    );
    await stack.drain();
    const lead = await tenant.models.Lead.findOne({ waId: person }).lean();
    return tenant.models.Conversation.findOne({ leadId: lead?._id }).lean();
  };
  tenant.events.length = 0;
  const noticed = await deliver({
    type: "system",
    system: { type: "customer_identity_changed", body: "x", identity: "1" },
  });
  expect(noticed).toMatchObject({ unreadCount: 0, windowExpiresAt: null, lastMessage: null });
  expect(tenant.events.some(({ type }) => type === "message_received")).toBe(false);
  const reacted = await deliver({ type: "reaction", reaction: { message_id: "wamid.unknown", emoji: "👍" } });
  expect(reacted).toMatchObject({ unreadCount: 0, windowExpiresAt: expect.any(Date), lastMessage: null });
});

test("a customer without a phone number is known by the user id, and joined when the number comes", async () => {
  const message = customerMessage("", {
    from: undefined,
    from_user_id: "GB.1029384756",
    text: { body: "It is me" },
  });
  const contact = { profile: { name: "Cleo", username: "cleo.k" }, user_id: "GB.1029384756" };
  await stack.deliver(webhookBody(tenant.number, { contacts: [contact], messages: [message] }));
  const known = customerMessage("447700908003", { from_user_id: "GB.1029384756" });
  const both = { ...contact, wa_id: "447700908003" };
  await stack.drain();
  await stack.deliver(webhookBody(tenant.number, { contacts: [both], messages: [known] }));
  await stack.drain();
  const leads = await tenant.models.Lead.find({ waUserId: "GB.1029384756" }).lean();
  expect(leads).toMatchObject([{ username: "cleo.k", waId: "447700908003" }]);
  expect(await tenant.models.Conversation.countDocuments({ leadId: leads[0]?._id })).toBe(1);
});

test("Brazilian and Mexican numbers in both spellings are one person each", async () => {
  for (const [first, second] of [
    ["5511987654321", "551187654321"],
    ["5215512345678", "525512345678"],
  ] as const) {
    for (const waId of [first, second]) {
      const message = customerMessage(waId);
      await stack.deliver(
        webhookBody(tenant.number, { contacts: [contactOf(waId, "Rui")], messages: [message] }),
      );
      await stack.drain();
    }
    const messages = await tenant.models.Message.find({ direction: "inbound" })
      .sort({ _id: -1 })
      .limit(2)
      .lean();
    expect(new Set(messages.map(({ leadId }) => leadId.toHexString())).size).toBe(1);
  }
});

describe("hostile input is stored as data and nothing else happens", () => {
  test.each([
    ["a NUL", "a\u0000b"],
    ["a right-to-left override", "evil\u202egpj.exe"],
    ["a script", "<script>alert(1)</script>"],
    ["half of a surrogate pair", "broken \ud83d here"],
    ["60 kB of text", "x".repeat(60_000)],
    ["a formula", "=HYPERLINK(1)"],
  ])("%s", async (_, body) => {
    const message = await received({ text: { body } }, contactOf(from, "<script>"));
    // UTF-8 has no half pairs: they become the replacement character
    expect(message.text).toBe(Buffer.from(body).toString());
  });

  test("keys that are operators, paths or prototypes", async () => {
    const raw =
      '{"type":"odd","odd":{"$where":"1","a.b":1,"__proto__":{"admin":true},"constructor":2,"n":12345678901234567890}}';
    const message = await received(JSON.parse(raw));
    expect(message.kind).toBe("unsupported");
    const odd = Object(Object(message.content?.raw).odd);
    expect(Object.keys(odd)).toEqual(["＄where", "a．b", "＿＿proto＿＿", "constructor", "n"]);
    expect(Object(odd).admin).toBeUndefined();
  });

  test("JSON that is nested ten thousand deep", async () => {
    const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
    const odd = customerMessage(from, { type: "odd", odd: "DEEP" });
    const plain = customerMessage(from);
    const text = JSON.stringify(webhookBody(tenant.number, { messages: [odd, plain] }));
    const answer = await stack.deliver(Buffer.from(text.replace('"DEEP"', deep)));
    expect(answer.status).toBe(200);
    await stack.drain();
    // it waits for a person, with the body it came in; its neighbour is not touched by it
    const { Quarantine } = await getCentralModels();
    expect(await Quarantine.countDocuments({ reason: "unreadable" })).toBe(1);
    expect(await tenant.models.Message.countDocuments({ "provider.messageId": plain.id })).toBe(1);
  });
});

test("media above the limit is refused for good", async () => {
  const { token, phoneNumberId } = tenant.number;
  const put = await fetch(`${stack.graph.url}/_sim/media?phoneNumberId=${phoneNumberId}`, {
    method: "POST",
    headers: { "content-type": "image/jpeg" },
    body: new Uint8Array(1_000),
  });
  const mediaId = String(Object(await put.json()).id);
  const { url } = await lookUpMedia({ token, mediaId });
  const tooLarge = expect.objectContaining({ code: "media-unsupported" });
  await expect(downloadMedia({ token, url, maxBytes: 999 })).rejects.toEqual(tooLarge);
  const { bytes } = await downloadMedia({ token, url, maxBytes: 1_000 });
  let size = 0;
  for await (const chunk of bytes) size += chunk.byteLength;
  expect(size).toBe(1_000);
});
