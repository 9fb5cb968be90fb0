/** What nobody should send: each item is stored as data or refused, costs only itself, and nothing else happens. */
import { trusted } from "mongoose";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
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
let a: WhatsAppTenant;
let b: WhatsAppTenant;
const from = "447700940001";

beforeAll(async () => {
  stack = await startWhatsApp();
  a = await whatsappTenant(stack, numberOf(1));
  b = await whatsappTenant(stack, numberOf(2));
});
afterAll(() => stack.close());

/** Delivers JSON texts as they are, each between two sound messages, which must arrive. */
async function beside(odd: readonly string[], list: "messages" | "statuses") {
  const sound = [from, ...odd].map(() => customerMessage(from));
  const holes = odd.map((_, n) => `ODD${n};`);
  const messages =
    list === "messages" ? sound.flatMap((message, n) => [message, holes[n]].filter(Boolean)) : sound;
  const items = list === "messages" ? { messages } : { messages, statuses: holes };
  let text = JSON.stringify(webhookBody(a.number, items));
  for (const [n, written] of odd.entries()) text = text.replace(`"ODD${n};"`, () => written);
  expect((await stack.deliver(Buffer.from(text))).status).toBe(200);
  await stack.drain();
  const ids = trusted({ $in: sound.map(({ id }) => id) });
  expect(await a.models.Message.countDocuments({ "provider.messageId": ids })).toBe(sound.length);
}

/** What comes, written over a text or as JSON, and what it is stored as; null: not as a message. */
const oddMessages: readonly (readonly [Record<string, unknown> | string, string | null])[] = [
  [{ type: "constructor" }, "unsupported"],
  [`{"from":"${from}","id":"ID","type":"__proto__","__proto__":{"polluted":1}}`, "unsupported"],
  [{ from: { $ne: "" } }, null],
  [{ text: { body: { $gt: "" } } }, "unsupported"],
  [{ timestamp: "99999999999999999999" }, "text"],
  [{ timestamp: "-1" }, "text"],
  [
    `{"from":"${from}","id":"ID","type":"location","location":{"latitude":1e400,"longitude":9007199254740993}}`,
    "unsupported",
  ],
  [{ text: [["x"]] }, "unsupported"],
  [{ type: "image", image: { id: "0", mime_type: "image/jpeg", sha256: "%%%=" } }, "image"],
  [
    { type: "document", document: { id: "0", mime_type: "x/\u0000y", filename: "../../etc/passwd\u0000" } },
    "document",
  ],
  [
    { type: "interactive", interactive: { type: "nfm_reply", nfm_reply: { response_json: "{[" } } },
    "interactive",
  ],
  [{ type: "reaction", reaction: { message_id: "ID", emoji: "<script>" } }, "reaction"],
  [{ context: { id: { $exists: true } } }, "text"],
  [{ type: "revoke", revoke: { original_message_id: "ID" } }, "revoke"],
  ["null", null],
];

test("odd messages are stored as what can be read of them, and cost only themselves", async () => {
  const idOf = (n: number) => `wamid.odd.${n}`;
  const written = oddMessages.map(([odd, kind], n) => {
    const id = kind === null && typeof odd === "string" ? {} : { id: idOf(n) };
    const text = typeof odd === "string" ? odd : JSON.stringify(customerMessage(from, { ...odd, ...id }));
    return text.replaceAll('"ID"', JSON.stringify(idOf(n)));
  });
  await beside(written, "messages");
  const stored = await a.models.Message.find({ direction: "inbound" }).lean();
  const kinds = new Map(stored.map(({ provider, kind }) => [provider.messageId, kind]));
  expect(oddMessages.map(([odd], n) => [odd, kinds.get(idOf(n)) ?? null])).toEqual(oddMessages);
  const document = await a.models.MediaAsset.findOne({ kind: "document" }).orFail();
  for (const character of ["/", "\u0000"]) expect(document.fileName).not.toContain(character);
});

test("odd statuses cost only themselves", async () => {
  const odd: readonly Record<string, unknown>[] = [
    { status: "constructor" },
    { id: { $ne: null } },
    { biz_opaque_callback_data: { $ne: null } },
    { status: "failed", errors: [{ code: 2 ** 60, title: "x".repeat(60_000) }] },
    { pricing: { "a.b": { $inc: 1 }, constructor: 1 } },
    { recipient_id: { $gt: "" } },
  ];
  const whole = { id: "wamid.nobody", status: "sent", timestamp: "1780000000", recipient_id: from };
  const before = await a.models.Message.countDocuments({ direction: "outbound" });
  await beside(
    odd.map((fields) => JSON.stringify({ ...whole, ...fields })),
    "statuses",
  );
  expect(await a.models.Message.countDocuments({ direction: "outbound" })).toBe(before);
});

test("people with odd names are leads like any other", async () => {
  const names = ["<script>alert(1)</script>", "A\u0000n\u202ea", "n".repeat(60_000), "{{ lead.phone }}"];
  const people = names.map((name, n) => contactOf(`4477009410${10 + n}`, name));
  const messages = people.map(({ wa_id }) => customerMessage(String(wa_id)));
  const body = webhookBody(a.number, { contacts: people, messages });
  expect((await stack.deliver(body)).status).toBe(200);
  await stack.drain();
  const leads = await a.models.Lead.find({ waId: /^4477009410/ })
    .sort({ waId: 1 })
    .lean();
  expect(leads).toHaveLength(names.length);
  for (const { displayName } of leads) {
    expect(displayName.length).toBeLessThanOrEqual(512);
    expect(displayName).not.toContain("\u0000");
  }
  expect(leads.map(({ displayName }) => displayName)).toEqual(
    expect.arrayContaining(["<script>alert(1)</script>", "{{ lead.phone }}"]),
  );
});

test("fields that are operators, paths or prototypes are kept raw and counted", async () => {
  const fields = ["__proto__", "constructor", "$where", "a.b", "hasOwnProperty"];
  const value: unknown = JSON.parse('{"__proto__":{"polluted":1},"$set":{"a.b":1}}');
  const changes = fields.map((field) => ({ field, value }));
  const entry = [{ id: a.number.wabaId, time: 1_780_000_000, changes }];
  expect((await stack.deliver({ object: "whatsapp_business_account", entry })).status).toBe(200);
  await stack.drain();
  const kept = await a.models.WebhookEvent.find({ field: trusted({ $in: fields }) }).lean();
  expect(kept.map(({ state }) => state)).toEqual(fields.map(() => "ignored"));
});

test("a thousand updates of two tenants in one body of nearly three megabytes reach each its own", async () => {
  const text = "x".repeat(2_750);
  const batch = ({ number }: WhatsAppTenant) =>
    webhookBody(number, {
      messages: Array.from({ length: 500 }, (_, n) =>
        customerMessage(`44770095${1_000 + (n % 5)}`, { text: { body: text } }),
      ),
    }).entry;
  const entry = [...batch(a), { id: "nobody", changes: "none" }, ...batch(b)];
  const bytes = Buffer.from(JSON.stringify({ object: "whatsapp_business_account", entry }));
  expect(bytes.length).toBeGreaterThan(2.7 * 1024 * 1024);
  expect((await stack.deliver(bytes)).status).toBe(200);
  for (const { models } of [a, b]) {
    const waiting = { state: "received", kind: "message" } as const;
    expect(await models.WebhookEvent.countDocuments(waiting)).toBe(500);
    // processing a thousand is the business of other tests
    await models.WebhookEvent.deleteMany(waiting);
  }
  const { Job, Quarantine } = await getCentralModels();
  await Job.deleteMany({ type: "whatsapp.inbound", state: "waiting" });
  expect(await Quarantine.countDocuments({ reason: "unreadable" })).toBeGreaterThan(0);
});

test("a body above the limit is refused before anything is read", async () => {
  const answer = await stack.deliver(Buffer.alloc(5 * 1024 * 1024, 0x20));
  expect(answer.status).toBe(413);
});

test("after all of it no item failed, no job died, nobody is alarmed, and no prototype was touched", async () => {
  const { Job, Alert } = await getCentralModels();
  expect(await Job.countDocuments({ state: "dead" })).toBe(0);
  expect(await Alert.countDocuments({})).toBe(0);
  for (const { models } of [a, b])
    expect(await models.WebhookEvent.countDocuments({ state: "failed" })).toBe(0);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect("polluted" in {}).toBe(false);
});
