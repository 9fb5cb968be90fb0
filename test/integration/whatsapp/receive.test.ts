import { createHmac } from "node:crypto";
import { Types, trusted } from "mongoose";
import * as z from "zod";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { whatsappWebhookRoutes } from "../../../src/routes/whatsapp.webhook.routes";
import { processWebhookEvents } from "../../../src/services/saas/whatsapp/process.webhook.service";
import { sweepWebhookEvents } from "../../../src/services/saas/whatsapp/webhook.sweep.service";
import { lambdaTransport } from "../../builders/api.client";
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
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
});
afterAll(() => stack.close());

test("a customer's text becomes a lead, a conversation and a message, and rules hear of it", async () => {
  tenant.events.length = 0;
  const message = customerMessage("447700900101", { text: { body: "Olá, José 👋" } });
  const answer = await stack.deliver(
    webhookBody(tenant.number, { contacts: [contactOf("447700900101", "Ana Souza")], messages: [message] }),
  );
  expect([answer.status, answer.json()]).toEqual([200, { stored: 1 }]);
  await stack.drain();

  const stored = await tenant.models.Message.findOne({ "provider.messageId": message.id }).lean();
  expect(stored).toMatchObject({
    direction: "inbound",
    kind: "text",
    text: "Olá, José 👋",
    status: "received",
  });
  const lead = await tenant.models.Lead.findById(stored?.leadId).lean();
  expect(lead).toMatchObject({
    displayName: "Ana Souza",
    waId: "447700900101",
    phone: { e164: "+447700900101" },
    consent: { whatsapp: { optIn: true, source: "inbound" } },
  });
  const at = new Date(Number(message.timestamp) * 1000);
  const conversation = await tenant.models.Conversation.findById(stored?.conversationId).lean();
  expect(conversation).toMatchObject({
    status: "open",
    unreadCount: 1,
    lastInboundAt: at,
    windowExpiresAt: new Date(at.getTime() + 24 * 3_600_000),
    lastMessage: { preview: "Olá, José 👋", direction: "inbound" },
  });
  const types = tenant.events.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(["lead_created", "conversation_created", "message_received"]));
  // all that one message caused has one root
  expect(new Set(tenant.events.map(({ causation }) => causation.rootEventId)).size).toBe(1);
  expect(JSON.stringify(tenant.events)).not.toContain("José");
  const { Job } = await getCentralModels();
  expect(JSON.stringify(await Job.find({}).lean())).not.toContain("447700900101");
});

describe("signatures", () => {
  const body = () =>
    webhookBody(tenant.number, { messages: [customerMessage("447700900102", { id: "wamid.signature" })] });

  test.each([
    ["missing", ""],
    ["of another secret", `sha256=${"0".repeat(64)}`],
    ["in upper case hex", `sha256=${"A".repeat(64)}`],
    ["too short", "sha256=abc"],
    ["of the old kind", `sha1=${"0".repeat(40)}`],
    ["without its prefix", "0".repeat(64)],
  ])("one that is %s is refused with 401 and stores nothing", async (_, signature) => {
    const before = await tenant.models.WebhookEvent.countDocuments({});
    const answer = await stack.deliver(body(), { signature });
    expect([answer.status, answer.problem().code]).toEqual([401, "invalid-signature"]);
    expect(await tenant.models.WebhookEvent.countDocuments({})).toBe(before);
    const { Quarantine } = await getCentralModels();
    expect(await Quarantine.countDocuments({ requestId: answer.problem().requestId })).toBe(0);
  });

  test("one over other bytes than those that came is refused", async () => {
    const signed = Buffer.from(JSON.stringify(body()));
    const answer = await stack.deliver(Buffer.concat([signed, Buffer.from(" ")]), {
      signature: `sha256=${createHmac("sha256", "test-app-secret").update(signed).digest("hex")}`,
    });
    expect(answer.status).toBe(401);
  });

  test("it is taken over Meta's own spelling of the body, with escapes and slashes", async () => {
    const message = customerMessage("447700900103", { text: { body: "Zoë 😀 https://x.example/y" } });
    const plain = JSON.stringify(webhookBody(tenant.number, { messages: [message] }));
    const escaped = plain
      .replace(
        /[\u0080-\uffff]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
      )
      .replaceAll("/", "\\/");
    expect((await stack.deliver(Buffer.from(escaped))).status).toBe(200);
    await stack.drain();
    const stored = await tenant.models.Message.findOne({ "provider.messageId": message.id }).lean();
    expect(stored?.text).toBe("Zoë 😀 https://x.example/y");
  });
});

describe("the address check", () => {
  const verify = (query: string) =>
    lambdaTransport(whatsappWebhookRoutes)({ method: "GET", path: `/api/webhooks/whatsapp?${query}` });

  test("Meta's challenge comes back as it is", async () => {
    const answer = await verify(
      "hub.mode=subscribe&hub.verify_token=test-verify-token&hub.challenge=1158201444",
    );
    expect([answer.status, answer.bytes.toString(), answer.headers["content-type"]]).toEqual([
      200,
      "1158201444",
      expect.stringContaining("text/plain"),
    ]);
  });

  test.each([
    "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1",
    "hub.mode=unsubscribe&hub.verify_token=test-verify-token&hub.challenge=1",
    "hub.challenge=1",
  ])("%s is refused with 403", async (query) => {
    expect((await verify(query)).status).toBe(403);
  });
});

test("a message that is delivered ten times at once is one message, one event and one lead", async () => {
  const message = customerMessage("447700900104");
  const body = webhookBody(tenant.number, {
    contacts: [contactOf("447700900104", "Ben")],
    messages: [message],
  });
  const answers = await Promise.all(Array.from({ length: 10 }, () => stack.deliver(body)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  await stack.drain();
  await stack.deliver(body);
  await stack.drain();
  const { Message, Lead, Outbox, Conversation } = tenant.models;
  const stored = await Message.find({ "provider.messageId": message.id }).lean();
  expect(stored).toHaveLength(1);
  expect(await Lead.countDocuments({ waId: "447700900104" })).toBe(1);
  const conversation = await Conversation.findById(stored[0]?.conversationId).lean();
  expect(conversation?.unreadCount).toBe(1);
  const told = await Outbox.find({
    type: "message_received",
    "subject.messageId": stored[0]?._id.toHexString(),
  });
  expect(told).toHaveLength(1);
});

test("parallel first messages of one person make one lead and one conversation", async () => {
  const from = "447700900105";
  const messages = Array.from({ length: 6 }, () => customerMessage(from));
  await Promise.all(
    messages.map((message) =>
      stack.deliver(webhookBody(tenant.number, { contacts: [contactOf(from, "Cleo")], messages: [message] })),
    ),
  );
  await stack.drain();
  const leads = await tenant.models.Lead.find({ waId: from }).lean();
  expect(leads).toHaveLength(1);
  const conversations = await tenant.models.Conversation.find({ leadId: leads[0]?._id }).lean();
  expect(conversations.map(({ unreadCount }) => unreadCount)).toEqual([6]);
});

test("one odd item costs only itself", async () => {
  const good = customerMessage("447700900106");
  const later = customerMessage("447700900106");
  const metadata = { phone_number_id: tenant.number.phoneNumberId };
  const answer = await stack.deliver({
    object: "whatsapp_business_account",
    entry: [
      "not an entry",
      { id: tenant.number.wabaId, changes: [42, { field: "messages" }] },
      {
        id: tenant.number.wabaId,
        changes: [
          {
            field: "messages",
            value: {
              metadata,
              messages: [
                { nothing: true },
                good,
                customerMessage("447700900106", { id: "wamid.notime", timestamp: "soon" }),
                customerMessage("447700900106", { id: "wamid.text", text: "no object" }),
                later,
              ],
            },
          },
          { field: "some_future_field", value: { anything: 1 } },
        ],
      },
    ],
  });
  expect(answer.status).toBe(200);
  await stack.drain();
  const { Message, WebhookEvent } = tenant.models;
  const known = await Message.find({ "provider.messageId": trusted({ $in: [good.id, later.id] }) }).lean();
  expect(known.map(({ kind }) => kind)).toEqual(["text", "text"]);
  const kept = await Message.findOne({ "provider.messageId": "wamid.text" }).lean();
  expect(kept).toMatchObject({ kind: "unsupported", content: { type: "text", raw: { text: "no object" } } });
  // without a time of Meta's it counts from its arrival
  const noTime = await Message.findOne({ "provider.messageId": "wamid.notime" }).lean();
  expect(Date.now() - Number(noTime?.sentAt)).toBeLessThan(60_000);
  const future = await WebhookEvent.findOne({ field: "some_future_field" }).lean();
  expect(future).toMatchObject({ state: "ignored" });
  const { Quarantine, Job } = await getCentralModels();
  expect(await Quarantine.countDocuments({ reason: "unreadable" })).toBeGreaterThan(0);
  expect(await Job.countDocuments({ state: "dead" })).toBe(0);
});

test("a body that is no JSON is kept for a person to look at, and Meta does not send it again", async () => {
  const { Quarantine } = await getCentralModels();
  const before = await Quarantine.countDocuments({ reason: "unreadable" });
  expect((await stack.deliver(Buffer.from("{not json"))).status).toBe(200);
  expect((await stack.deliver(Buffer.from("{not json"))).status).toBe(200);
  expect(await Quarantine.countDocuments({ reason: "unreadable" })).toBe(before + 1);
});

describe("one body for several tenants", () => {
  test("every tenant gets its own part and nothing of the other's", async () => {
    const other = await whatsappTenant(stack, numberOf(2));
    const mine = customerMessage("447700900107");
    const theirs = customerMessage("447700900108");
    const entry = [
      ...webhookBody(tenant.number, { messages: [mine] }).entry,
      ...webhookBody(other.number, { messages: [theirs] }).entry,
    ];
    await stack.deliver({ object: "whatsapp_business_account", entry });
    await stack.drain();
    const ids = async ({ models }: WhatsAppTenant) =>
      (
        await models.Message.find({ "provider.messageId": trusted({ $in: [mine.id, theirs.id] }) }).lean()
      ).map(({ provider }) => provider.messageId);
    expect(await ids(tenant)).toEqual([mine.id]);
    expect(await ids(other)).toEqual([theirs.id]);
  });
});

test("a thousand messages of one body are stored and put into ten jobs", async () => {
  const messages = Array.from({ length: 1_000 }, (_, n) => customerMessage(`4477009${20_000 + (n % 3)}`));
  const answer = await stack.deliver(webhookBody(tenant.number, { messages }));
  expect(answer.status).toBe(200);
  const { WebhookEvent } = tenant.models;
  const keys = messages.map(({ id }) => `m:${tenant.number.phoneNumberId}:${id}`);
  expect(await WebhookEvent.countDocuments({ dedupeKey: trusted({ $in: keys }) })).toBe(1_000);
  const { Job } = await getCentralModels();
  const jobs = await Job.find({ type: "whatsapp.inbound", state: "waiting" }).lean();
  expect(jobs.map(({ payload }) => z.array(z.string()).parse(payload.webhookEventIds).length)).toEqual(
    Array.from({ length: 10 }, () => 100),
  );
  await Job.deleteMany({ type: "whatsapp.inbound", state: "waiting" });
  await WebhookEvent.deleteMany({ state: "received" });
});

test("a backlog that outlasts several sweeps gets its jobs once", async () => {
  await stack.deliver(webhookBody(tenant.number, { messages: [customerMessage("447700900110")] }));
  const { Job } = await getCentralModels();
  await Job.deleteMany({ type: "whatsapp.inbound" });
  const later = { ...tenant.ctx, now: () => new Date(Date.now() + 120_000) };
  const { taken } = await sweepWebhookEvents(later);
  expect(taken).toBeGreaterThan(0);
  const jobs = await Job.countDocuments({ type: "whatsapp.inbound" });
  expect(jobs).toBe(Math.ceil(taken / 100));
  expect(await sweepWebhookEvents(later)).toEqual({ taken });
  expect(await Job.countDocuments({ type: "whatsapp.inbound" })).toBe(jobs);
  await stack.drain();
  expect(await sweepWebhookEvents(later)).toEqual({ taken: 0 });
});

test("an item that failed at its last attempt raises an alert, which names it and nobody", async () => {
  const row = {
    _id: new Types.ObjectId(),
    dedupeKey: "s:wamid.broken:sent:447700900111",
    field: "messages",
    kind: "status" as const,
    wabaId: tenant.number.wabaId,
    phoneNumberId: tenant.number.phoneNumberId,
    raw: "{ 447700900111",
    receivedAt: new Date(),
    requestId: "req_broken",
  };
  await tenant.models.WebhookEvent.create(row);
  const id = row._id.toHexString();
  const { Alert } = await getCentralModels();
  const alert = { clientCode: tenant.ctx.clientCode, code: "webhook-item-failed" };
  await expect(processWebhookEvents(tenant.ctx, [id], { lastAttempt: false })).rejects.toThrow(
    AggregateError,
  );
  expect(await Alert.countDocuments(alert)).toBe(0);
  expect(await processWebhookEvents(tenant.ctx, [id], { lastAttempt: true })).toMatchObject({ failed: 1 });
  expect(await tenant.models.WebhookEvent.findById(row._id).lean()).toMatchObject({ state: "failed" });
  const raised = await Alert.find(alert).lean();
  expect(raised).toMatchObject([{ ref: "status", state: "open", count: 1 }]);
  expect(raised[0]?.detail).toContain(id);
  expect(JSON.stringify(raised)).not.toContain("447700900111");
});

test("an item that is still received is enqueued again by its duplicate, a processed one is not", async () => {
  const body = webhookBody(tenant.number, { messages: [customerMessage("447700900109")] });
  await stack.deliver(body);
  const { Job } = await getCentralModels();
  await Job.deleteMany({ type: "whatsapp.inbound" });
  await stack.deliver(body);
  expect(await Job.countDocuments({ type: "whatsapp.inbound" })).toBe(1);
  await stack.drain();
  await stack.deliver(body);
  expect(await Job.countDocuments({ type: "whatsapp.inbound", state: "waiting" })).toBe(0);
});
