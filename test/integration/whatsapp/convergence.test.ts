/** The same webhooks in any order, any number of times, end in the same leads, conversations, messages and counters. */
import { Types } from "mongoose";
import type { MessageRecord } from "../../../src/model/saas/message.schema";
import { sendMessage } from "../../../src/services/saas/messaging/message.service";
import { sendStoredMessage } from "../../../src/services/saas/whatsapp/send.message.service";
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
const tenants: WhatsAppTenant[] = [];

beforeAll(async () => {
  stack = await startWhatsApp();
  await stack.sim("/_sim/statuses", { steps: [] });
  for (const n of [1, 2]) tenants.push(await whatsappTenant(stack, numberOf(n)));
});
afterAll(() => stack.close());

/** Small numbers in a row that looks random, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const keyed = list.map((item) => ({ item, place: random() }));
  return keyed.sort((a, b) => a.place - b.place).map(({ item }) => item);
}

type Item = { contacts?: unknown[]; messages?: unknown[]; statuses?: unknown[] };

const seconds = Math.floor(Date.now() / 1000) - 3_600;

/** A morning of three people: texts, replies, media, reactions and their removal, odd types. */
function morning(): Item[] {
  const kinds: Record<string, unknown>[] = [
    {},
    { type: "image", image: { id: "1001", mime_type: "image/jpeg", sha256: "x", caption: "Look" } },
    { type: "location", text: undefined, location: { latitude: -23.5, longitude: -46.6, name: "Office" } },
    { type: "button", button: { payload: "STOP", text: "Stop" }, context: { id: "wamid.template" } },
    { type: "interactive", interactive: { type: "button_reply", button_reply: { id: "yes", title: "Yes" } } },
    { type: "poll_creation", poll_creation: { name: "?" } },
  ];
  const changed = (person: number) => ({
    type: "system",
    system: { type: "user_changed_number", body: "changed", wa_id: `44770090699${person}` },
  });
  const items: Item[] = [];
  for (const [person, name] of ["Ana", "Ben", "Cleo"].entries()) {
    const from = `44770090600${person}`;
    const contacts = [contactOf(from, name)];
    for (const [n, fields] of [...kinds, changed(person)].entries()) {
      // every second pair has the same second
      const timestamp = String(seconds + Math.floor(n / 2) * 60 + person);
      const message = customerMessage(from, { ...fields, id: `wamid.${name}.${n}`, timestamp });
      items.push({ contacts, messages: [message] });
    }
    for (const [n, emoji] of ["👍", "❤️", ""].entries()) {
      const reaction = customerMessage(from, {
        id: `wamid.${name}.r${n}`,
        timestamp: String(seconds + 600 + n),
        type: "reaction",
        reaction: { message_id: `wamid.${name}.${n === 2 ? 1 : 0}`, ...(emoji ? { emoji } : {}) },
      });
      items.push({ contacts, messages: [reaction] });
    }
  }
  return items;
}

/** Everything that Meta decides, without ids, versions, sequence numbers and our own times. */
async function endOf({ models }: WhatsAppTenant): Promise<unknown> {
  const leads = await models.Lead.find({}).lean();
  const conversations = await models.Conversation.find({}).lean();
  const messages = await models.Message.find({ direction: "inbound" }).lean();
  const personOf = (id: Types.ObjectId) => leads.find(({ _id }) => _id.equals(id))?.waId;
  const idOf = (id: Types.ObjectId | undefined) =>
    messages.find(({ _id }) => id && _id.equals(id))?.provider.messageId;
  return {
    leads: leads
      .map(({ waId, displayName, phone, consent, lastInboundAt }) => ({
        waId,
        displayName,
        phone: phone?.e164,
        consent,
        lastInboundAt,
      }))
      .sort((a, b) => String(a.waId).localeCompare(String(b.waId))),
    conversations: conversations
      .map(({ leadId, status, unreadCount, lastMessage, lastInboundAt, windowExpiresAt, waitingSince }) => ({
        person: personOf(leadId),
        status,
        unreadCount,
        last: [idOf(lastMessage?.id), lastMessage?.preview, lastMessage?.at],
        lastInboundAt,
        windowExpiresAt,
        waitingSince,
      }))
      .sort((a, b) => String(a.person).localeCompare(String(b.person))),
    messages: messages
      .map(({ leadId, kind, text, content, reactions, provider, status, sentAt, replyToProviderId }) => ({
        id: provider.messageId,
        person: personOf(leadId),
        kind,
        text,
        content,
        reactions,
        status,
        sentAt,
        replyToProviderId,
      }))
      .sort((a, b) => String(a.id).localeCompare(String(b.id))),
  };
}

test("a morning delivered in order once, and shuffled four times in parallel, ends the same", async () => {
  const [inOrder, inDisorder] = tenants;
  if (!inOrder || !inDisorder) throw new Error("There are two tenants.");
  const items = morning();
  for (const item of items) await stack.deliver(webhookBody(inOrder.number, item));
  await stack.drain();

  const seed = 20_261_122;
  const random = randomFrom(seed);
  for (let round = 0; round < 2; round += 1) {
    const deliveries = shuffled([...items, ...items], random).map((item) =>
      stack.deliver(webhookBody(inDisorder.number, item)),
    );
    const answers = await Promise.all(deliveries);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await stack.drain();
  }
  const [expected, actual] = [await endOf(inOrder), await endOf(inDisorder)];
  expect({ seed, end: actual }).toEqual({ seed, end: expected });
  expect(expected).toMatchObject({ leads: { length: 3 }, messages: { length: 30 } });
  // the first reaction was replaced by the second; the third took away one that was never there
  const first = await inDisorder.models.Message.findOne({ "provider.messageId": "wamid.Ana.0" }).lean();
  expect(first?.reactions).toMatchObject([{ from: "lead", emoji: "❤️" }]);
});

describe("statuses", () => {
  const steps = ["sent", "delivered", "read", "played", "failed"];

  async function outbound(tenant: WhatsAppTenant, clientId: string): Promise<MessageRecord> {
    const lead = await tenant.models.Lead.findOne({ displayName: "Ana" }).lean();
    const sent = await sendMessage(tenant.ctx, {
      leadId: lead?._id.toHexString() ?? "",
      clientId,
      content: { kind: "text", text: "Hello" },
    });
    await stack.drain();
    return find(tenant, sent.id);
  }

  async function find({ models }: WhatsAppTenant, id: string): Promise<MessageRecord> {
    const message = await models.Message.findById(new Types.ObjectId(id)).lean();
    if (!message) throw new Error("The message is gone.");
    return message;
  }

  function statusItems(wamid: string, words: readonly string[]): Item[] {
    return words.map((status) => ({
      statuses: [
        {
          id: wamid,
          status,
          timestamp: String(1_780_000_000 + steps.indexOf(status)),
          recipient_id: "447700906000",
          ...(status === "failed" ? { errors: [{ code: 131_026, title: "Message undeliverable" }] } : {}),
          ...(status === "sent" || status === "delivered"
            ? { pricing: { billable: true, category: "utility", type: status } }
            : {}),
        },
      ],
    }));
  }

  const endOfMessage = ({ status, statusAt, error, pricing }: MessageRecord) => {
    const { queued: _queued, sending: _sending, ...metas } = statusAt;
    return { status, metas, error, pricing };
  };

  test("in any order and number they only rise, and each keeps its own time", async () => {
    const [tenant] = tenants;
    if (!tenant) throw new Error("There is a tenant.");
    const ends = [];
    for (const seed of [0, 1, 2, 3]) {
      const message = await outbound(tenant, `status-${seed}`);
      const items = statusItems(message.provider.messageId ?? "", steps);
      const order = seed === 0 ? items : shuffled([...items, ...items], randomFrom(seed));
      for (const item of order) await stack.deliver(webhookBody(tenant.number, item));
      await stack.drain();
      ends.push(endOfMessage(await find(tenant, message._id.toHexString())));
    }
    for (const end of ends) expect(end).toEqual(ends[0]);
    expect(ends[0]).toMatchObject({
      status: "played",
      metas: { sent: new Date(1_780_000_000_000), failed: new Date(1_780_000_004_000) },
      error: { code: 131_026 },
    });
  });

  test("failed beats sent, and delivered beats failed", async () => {
    const [tenant] = tenants;
    if (!tenant) throw new Error("There is a tenant.");
    for (const [words, status] of [
      [["failed", "sent"], "failed"],
      [["failed", "delivered"], "delivered"],
      [["read", "delivered", "sent"], "read"],
    ] as const) {
      const message = await outbound(tenant, words.join());
      for (const item of statusItems(message.provider.messageId ?? "", words)) {
        await stack.deliver(webhookBody(tenant.number, item));
        await stack.drain();
      }
      expect((await find(tenant, message._id.toHexString())).status).toBe(status);
    }
  });

  test("one that comes before its message waits, and is taken up when the message is known", async () => {
    const [tenant] = tenants;
    if (!tenant) throw new Error("There is a tenant.");
    // faster than the answer to the send, and without our own id
    const [early] = statusItems("wamid.early", ["delivered"]);
    await stack.deliver(webhookBody(tenant.number, early ?? {}));
    await stack.drain();
    const waiting = await tenant.models.WebhookEvent.findOne({ dedupeKey: /^s:wamid\.early:/ }).lean();
    expect(waiting).toMatchObject({ state: "received", reason: expect.stringContaining("not known") });
    await stack.sim("/_sim/faults", {
      match: { method: "POST", path: "messages$" },
      status: 200,
      body: { messaging_product: "whatsapp", messages: [{ id: "wamid.early" }] },
      times: 1,
    });
    const message = await outbound(tenant, "early");
    expect(message).toMatchObject({ status: "delivered", provider: { messageId: "wamid.early" } });
    const taken = await tenant.models.WebhookEvent.findById(waiting?._id).lean();
    expect(taken).toMatchObject({ state: "processed", reason: null });
  });

  test("one that waits is taken up also when the process died after it had noted Meta's id", async () => {
    const [tenant] = tenants;
    if (!tenant) throw new Error("There is a tenant.");
    const message = await outbound(tenant, "died");
    const [early] = statusItems("wamid.died", ["delivered"]);
    await stack.deliver(webhookBody(tenant.number, early ?? {}));
    await stack.drain();
    await tenant.models.Message.updateOne(
      { _id: message._id },
      { $set: { "provider.messageId": "wamid.died" } },
    );
    const id = message._id.toHexString();
    expect(await sendStoredMessage(tenant.ctx, id)).toEqual({ kind: "settled", status: "sent" });
    await stack.drain();
    expect((await find(tenant, id)).status).toBe("delivered");
  });
});
