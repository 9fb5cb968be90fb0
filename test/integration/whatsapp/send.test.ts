import { setTimeout as sleep } from "node:timers/promises";
import { Types, trusted } from "mongoose";
import { conversationSchema } from "../../../src/contracts/conversation.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { messageSchema } from "../../../src/contracts/message.contract";
import { enqueueMany } from "../../../src/jobs/queue/enqueue";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import type { MessageRecord } from "../../../src/model/saas/message.schema";
import { sweepMessages } from "../../../src/services/saas/messaging/message.sweep.service";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
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
let tenant: WhatsAppTenant;
let people = 0;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
});
beforeEach(async () => {
  await stack.sim("/_sim/statuses", { steps: [] });
  await fetch(`${stack.graph.url}/_sim/faults`, { method: "DELETE" });
});
afterAll(() => stack.close());

/** A person who has just written, so that the window is open. */
async function writer(): Promise<{ phone: string; conversationId: string; leadId: string }> {
  people += 1;
  const phone = `4477009010${String(people).padStart(2, "0")}`;
  await stack.sim("/_sim/inbound", {
    phoneNumberId: tenant.number.phoneNumberId,
    from: phone,
    name: `Person ${people}`,
    type: "text",
    text: "Hello",
  });
  await stack.drain();
  const lead = await tenant.models.Lead.findOne({ waId: phone }).lean();
  const conversation = await tenant.models.Conversation.findOne({ leadId: lead?._id }).lean();
  return {
    phone,
    leadId: lead?._id.toHexString() ?? "",
    conversationId: conversation?._id.toHexString() ?? "",
  };
}

async function send(conversationId: string, body: unknown = { kind: "text", text: "Hi" }, headers = {}) {
  const answer = await tenant.api.post(`/api/crm/conversations/${conversationId}/messages`, body, headers);
  expect([answer.status, answer.status === 202 ? null : answer.json()]).toEqual([202, null]);
  return answer.as(messageSchema);
}

async function stored(id: string): Promise<MessageRecord> {
  const message = await tenant.models.Message.findById(new Types.ObjectId(id)).lean();
  if (!message) throw new Error("The message is gone.");
  return message;
}

/** Until the fake Meta has sent its statuses and they are processed. */
async function settled(id: string, status: string): Promise<MessageRecord> {
  for (let tries = 0; tries < 100; tries += 1) {
    await stack.drain();
    const message = await stored(id);
    if (message.status === status) return message;
    await sleep(50);
  }
  throw new Error(`The message did not become ${status}; it is ${(await stored(id)).status}.`);
}

const fault = (fields: Record<string, unknown>) =>
  stack.sim("/_sim/faults", { match: { method: "POST", path: "messages$" }, ...fields });

test("a text is queued, sent, delivered and read, each with its own time", async () => {
  await stack.sim("/_sim/statuses", {
    steps: [
      { status: "sent", afterMs: 1 },
      { status: "delivered", afterMs: 20 },
      { status: "read", afterMs: 40 },
    ],
  });
  const { conversationId, phone } = await writer();
  tenant.events.length = 0;
  const message = await send(conversationId, { kind: "text", text: "Hello Ana", previewUrl: true });
  expect(message).toMatchObject({ status: "queued", direction: "outbound", sender: { type: "api" } });
  const read = await settled(message.id, "read");
  expect(read.statusAt).toMatchObject({
    queued: expect.any(Date),
    sending: expect.any(Date),
    sent: expect.any(Date),
    delivered: expect.any(Date),
    read: expect.any(Date),
  });
  expect(read.pricing).toMatchObject({ category: expect.any(String) });
  const [sent, ...more] = await stack.sends(phone);
  expect(more).toEqual([]);
  expect(sent?.body).toMatchObject({
    to: `+${phone}`,
    type: "text",
    text: { body: "Hello Ana", preview_url: true },
    biz_opaque_callback_data: message.id,
  });
  const types = tenant.events.map(({ type }) => type);
  expect(types.filter((type) => type === "message_sent")).toHaveLength(1);
  expect(types).toEqual(expect.arrayContaining(["message_queued", "message_status"]));
});

describe("a message is never sent twice", () => {
  test("two requests with one Idempotency-Key or one clientId are one message", async () => {
    const { conversationId, phone } = await writer();
    const key = { "idempotency-key": "order-1" };
    const [first, second] = await Promise.all([
      send(conversationId, { kind: "text", text: "A", clientId: "c-1" }),
      send(conversationId, { kind: "text", text: "A", clientId: "c-1" }),
    ]);
    expect(first.id).toBe(second.id);
    const third = await send(conversationId, { kind: "text", text: "B" }, key);
    const fourth = await send(conversationId, { kind: "text", text: "B" }, key);
    expect(third.id).toBe(fourth.id);
    await stack.drain();
    expect(await stack.sends(phone)).toHaveLength(2);
  });

  test("a reset after Meta took it leaves it unknown; it is not sent again, and its status settles it", async () => {
    const { conversationId, phone } = await writer();
    await fault({ reset: "after", times: 1 });
    const message = await send(conversationId);
    await stack.drain();
    expect(await stored(message.id)).toMatchObject({ status: "unknown", provider: { messageId: null } });
    const next = await send(conversationId, { kind: "text", text: "next" });
    await stack.drain();
    // an unknown one does not hold back later messages
    expect(await stored(next.id)).toMatchObject({ status: "sent" });
    expect(await stack.sends(phone)).toHaveLength(2);
    await stack.deliver(
      webhookBody(tenant.number, {
        statuses: [
          {
            id: "wamid.lost",
            status: "delivered",
            timestamp: "1780000005",
            recipient_id: phone,
            biz_opaque_callback_data: message.id,
          },
        ],
      }),
    );
    await stack.drain();
    expect(await stored(message.id)).toMatchObject({
      status: "delivered",
      provider: { messageId: "wamid.lost" },
      statusAt: { delivered: new Date(1_780_000_005_000) },
    });
  });

  test.each([
    ["a reset before the answer", { reset: "before" }],
    ["no answer in time", { delayMs: 2_500 }],
    ["a 502 without Meta's envelope", { status: 502, body: "<html>bad gateway</html>" }],
    ["a 200 that cannot be read", { status: 200, body: "it works" }],
    ["a 200 without an id", { status: 200, body: { messages: [] } }],
  ])("after %s it is unknown", async (_, what) => {
    const { conversationId } = await writer();
    await fault({ ...what, times: 1 });
    const message = await send(conversationId);
    await stack.drain();
    expect(await stored(message.id)).toMatchObject({ status: "unknown" });
  });

  test("a message found in `sending` is unknown, whoever finds it", async () => {
    const { conversationId } = await writer();
    const crashed = { status: "sending", attemptId: "gone" };
    const [first, second] = [await send(conversationId), await send(conversationId)];
    await tenant.models.Message.updateMany(
      { conversationId: new Types.ObjectId(conversationId), status: "queued" },
      { $set: crashed },
    );
    await sendStoredMessage(tenant.ctx, first.id);
    expect(await stored(first.id)).toMatchObject({ status: "unknown" });
    const later = { ...tenant.ctx, now: () => new Date(Date.now() + 120_000) };
    await sweepMessages(later);
    expect(await stored(second.id)).toMatchObject({ status: "unknown" });
    expect(tenant.events.filter(({ subject }) => subject.messageId === second.id).at(-1)).toMatchObject({
      type: "message_status",
      data: { status: "unknown" },
    });
    await stack.drain();
  });
});

describe("what Meta has provably not taken waits and is sent later", () => {
  test.each([
    ["its error 131000 with status 500", { status: 500, code: 131_000 }],
    ["a bare 429", { status: 429, body: "slow down", headers: { "retry-after": "1" } }],
    ["the throughput limit 130429", { code: 130_429 }],
    ["the pair limit 131056", { code: 131_056 }],
    ["maintenance 131057", { code: 131_057 }],
    ["the app's limit 4", { code: 4 }],
  ])("%s", async (_, what) => {
    const { conversationId } = await writer();
    await fault({ ...what, times: 1 });
    const message = await send(conversationId);
    await stack.drain();
    expect(await stored(message.id)).toMatchObject({ status: "queued", attempts: 1, attemptId: null });
    const { Job } = await getCentralModels();
    const job = await Job.findOne({ activeKey: message.id }).lean();
    expect(job).toMatchObject({ state: "scheduled", attempts: 0 });
    await tenant.models.SendPace.deleteMany({});
    await Job.updateOne({ _id: job?._id }, { $set: { runAt: new Date(0) } });
    await stack.drain();
    expect(await stored(message.id)).toMatchObject({ status: "sent", attempts: 2 });
  });

  test("messages of one conversation keep their order while the first one waits", async () => {
    const { conversationId, phone } = await writer();
    await fault({ code: 131_057, times: 1 });
    const first = await send(conversationId, { kind: "text", text: "1" });
    const second = await send(conversationId, { kind: "text", text: "2" });
    await stack.drain();
    expect(await stored(second.id)).toMatchObject({ status: "queued", attempts: 0 });
    const { Job } = await getCentralModels();
    await tenant.models.SendPace.deleteMany({});
    await Job.updateOne({ activeKey: first.id }, { $set: { runAt: new Date(0) } });
    await stack.drain();
    const texts = (await stack.sends(phone))
      .filter(({ status }) => status === 200)
      .map(({ body }) => body.text);
    expect(texts).toMatchObject([{ body: "1" }, { body: "2" }]);
  });

  test("a queued message without a job gets one from the sweep", async () => {
    const { conversationId } = await writer();
    const message = await send(conversationId);
    const { Job } = await getCentralModels();
    await Job.deleteMany({ activeKey: message.id });
    expect(await sweepMessages(tenant.ctx)).toEqual({ taken: 0 });
    const later = { ...tenant.ctx, now: () => new Date(Date.now() + 120_000) };
    expect(await sweepMessages(later)).toEqual({ taken: 1 });
    expect(await sweepMessages(later)).toEqual({ taken: 0 });
    await stack.drain();
    expect(await stored(message.id)).toMatchObject({ status: "sent" });
  });

  test("a queued message without a job is found behind 600 that have theirs", async () => {
    const { conversationId } = await writer();
    const message = await send(conversationId);
    const { Job } = await getCentralModels();
    await Job.deleteMany({ activeKey: message.id });
    const { _id, ...fields } = await stored(message.id);
    const crowd = Array.from({ length: 600 }, (_, n) => ({
      ...fields,
      _id: new Types.ObjectId(),
      clientId: `crowd-${n}`,
      updatedAt: new Date(Date.now() - 60_000),
    }));
    await tenant.models.Message.collection.insertMany(crowd);
    const { clientCode } = tenant.ctx;
    await enqueueMany(
      crowd.map((one) => ({
        type: "whatsapp.send" as const,
        payload: { clientCode, messageId: one._id.toHexString() },
        requestId: "req_test",
        key: one._id.toHexString(),
      })),
    );
    const later = { ...tenant.ctx, now: () => new Date(Date.now() + 120_000) };
    expect(await sweepMessages(later)).toEqual({ taken: 1 });
    expect(await Job.countDocuments({ activeKey: _id.toHexString() })).toBe(1);
    const ids = crowd.map((one) => one._id);
    await tenant.models.Message.deleteMany({ _id: trusted({ $in: ids }) });
    await Job.deleteMany({ activeKey: trusted({ $in: ids.map((id) => id.toHexString()) }) });
    await stack.drain();
    expect(await stored(message.id)).toMatchObject({ status: "sent" });
  });
});

describe("a person has a message sent again", () => {
  const retry = (id: string, body?: unknown) => tenant.api.post(`/api/crm/messages/${id}/retry`, body);

  async function unknownMessage() {
    const { conversationId, phone, leadId } = await writer();
    await fault({ reset: "before", times: 1 });
    const { id } = await send(conversationId);
    await stack.drain();
    return { id, phone, leadId: new Types.ObjectId(leadId) };
  }

  test("an unknown one only when they accept that it may arrive twice", async () => {
    const { id } = await unknownMessage();
    const refused = (await retry(id)).problem();
    expect(refused).toMatchObject({ status: 422, code: "invalid-state" });
    expect(refused.detail).toContain("may arrive twice");
    expect(await stored(id)).toMatchObject({ status: "unknown" });
    tenant.events.length = 0;
    const answer = await retry(id, { acceptDoubt: true });
    expect([answer.status, answer.as(messageSchema).status]).toEqual([202, "queued"]);
    await stack.drain();
    expect(await stored(id)).toMatchObject({ status: "sent", attempts: 2, error: null });
    expect(tenant.events.map(({ type, changes }) => [type, changes?.status])).toEqual([
      ["message_status", { from: "unknown", to: "queued" }],
      ["message_sent", undefined],
    ]);
  });

  test("of ten requests at once one puts it into the queue, and it is sent once more", async () => {
    const { id, phone } = await unknownMessage();
    const before = (await stack.sends(phone)).length;
    const answers = await Promise.all(Array.from({ length: 10 }, () => retry(id, { acceptDoubt: true })));
    const statuses = answers.map((answer) => answer.status).sort((a, b) => a - b);
    expect(statuses).toEqual([202, ...Array.from({ length: 9 }, () => 422)]);
    await stack.drain();
    expect((await stack.sends(phone)).length).toBe(before + 1);
  });

  test("a status that comes while it waits again settles it, and it is not sent twice", async () => {
    const { id, phone } = await unknownMessage();
    const before = (await stack.sends(phone)).length;
    await retry(id, { acceptDoubt: true });
    const { Job } = await getCentralModels();
    await Job.updateOne({ activeKey: id }, { $set: { state: "scheduled", runAt: new Date("2100-01-01") } });
    await status(id, phone, "wamid.first-try", "delivered", "1780000005");
    expect(await stored(id)).toMatchObject({ status: "delivered" });
    await Job.updateOne({ activeKey: id }, { $set: { runAt: new Date(0) } });
    await stack.drain();
    expect((await stack.sends(phone)).length).toBe(before);
  });

  test("a failed one whose error may pass, under a new id of Meta's, and rules hear once that it was sent", async () => {
    const { conversationId, phone } = await writer();
    const { id } = await send(conversationId);
    await stack.drain();
    const first = (await stored(id)).provider.messageId ?? "";
    await status(id, phone, first, "failed", "1780000009", 131_000);
    expect(await stored(id)).toMatchObject({ status: "failed", error: { code: 131_000, retryable: true } });
    expect((await retry(id)).as(messageSchema)).toMatchObject({ status: "queued", providerMessageId: null });
    const { Job } = await getCentralModels();
    await Job.updateOne({ activeKey: id }, { $set: { state: "scheduled", runAt: new Date("2100-01-01") } });
    // the first attempt's word comes late: it is no word about the second
    await status(id, phone, first, "sent", "1780000008");
    expect(await stored(id)).toMatchObject({ status: "queued", provider: { messageId: null } });
    await Job.updateOne({ activeKey: id }, { $set: { runAt: new Date(0) } });
    await stack.drain();
    const sent = await stored(id);
    expect(sent).toMatchObject({ status: "sent", error: null });
    expect(sent.provider.messageId).not.toBe(first);
    const told = { type: "message_sent", "subject.messageId": id } as const;
    expect(await tenant.models.Outbox.countDocuments(told)).toBe(1);
  });

  test("not one that failed for good, is on its way or does not exist", async () => {
    const { conversationId } = await writer();
    await fault({ code: 131_026, status: 400, times: 1 });
    const failed = await send(conversationId);
    await stack.drain();
    expect((await retry(failed.id)).problem().code).toBe("invalid-state");
    const sent = await send(conversationId);
    await stack.drain();
    expect((await retry(sent.id, { acceptDoubt: true })).problem().code).toBe("invalid-state");
    expect((await retry("66f0c0ffee66f0c0ffee66f0")).status).toBe(404);
  });

  test("not to somebody who has opted out since", async () => {
    const { id, leadId } = await unknownMessage();
    await tenant.models.Lead.updateOne({ _id: leadId }, { $set: { doNotContact: true } });
    expect((await retry(id, { acceptDoubt: true })).problem().code).toBe("opted-out");
    expect(await stored(id)).toMatchObject({ status: "unknown" });
  });
});

/** Meta's word about a message of ours. */
async function status(
  id: string,
  phone: string,
  wamid: string,
  word: string,
  timestamp: string,
  code?: number,
): Promise<void> {
  const errors = code === undefined ? {} : { errors: [{ code, title: "Error" }] };
  await stack.deliver(
    webhookBody(tenant.number, {
      statuses: [
        {
          id: wamid,
          status: word,
          timestamp,
          recipient_id: phone,
          biz_opaque_callback_data: id,
          ...errors,
        },
      ],
    }),
  );
  await stack.drain();
}

describe("what Meta refuses for good is failed with a sentence for people", () => {
  test.each([
    [131_026, "not on WhatsApp"],
    [131_049, "marketing"],
    [132_001, "template"],
    [131_009, "did not accept"],
    [999_999, "WhatsApp refused it"],
  ])("code %i", async (code, words) => {
    const { conversationId } = await writer();
    await fault({ code, status: 400, times: 1 });
    const { id } = await send(conversationId);
    await stack.drain();
    const message = await stored(id);
    expect(message).toMatchObject({ status: "failed", error: { code } });
    expect(message.error?.explanation).toContain(words);
  });

  test("a failure that comes later as a status says why as well", async () => {
    await stack.sim("/_sim/statuses", { steps: [{ status: "failed", afterMs: 1, code: 131_047 }] });
    const { conversationId } = await writer();
    const { id } = await send(conversationId);
    expect(await settled(id, "failed")).toMatchObject({
      error: { code: 131_047, explanation: expect.stringContaining("24 hours") },
    });
  });
});

test("a lost token pauses the number, raises one alert and loses nothing", async () => {
  const { conversationId } = await writer();
  const { Alert, Job } = await getCentralModels();
  await stack.sim("/_sim/tokens", { phoneNumberId: tenant.number.phoneNumberId, valid: false });
  const first = await send(conversationId, { kind: "text", text: "1" });
  await stack.drain();
  expect(await tenant.models.Connection.findOne({}).lean()).toMatchObject({ state: "paused" });
  expect(await stored(first.id)).toMatchObject({ status: "queued" });
  const alerts = { clientCode: tenant.ctx.clientCode, state: "open" as const };
  expect(await Alert.find(alerts).lean()).toMatchObject([{ ref: tenant.connectionId, count: 1 }]);
  // a second look while it is paused asks nobody
  const asked = (await stack.sends()).length;
  await Job.updateMany({ activeKey: first.id }, { $set: { runAt: new Date(0) } });
  await stack.drain();
  expect((await stack.sends()).length).toBe(asked);

  await stack.sim("/_sim/tokens", { phoneNumberId: tenant.number.phoneNumberId, valid: true });
  await connectNumber(tenant.ctx, tenant.number);
  expect(await Alert.countDocuments(alerts)).toBe(0);
  await Job.updateMany({ activeKey: first.id }, { $set: { runAt: new Date(0) } });
  await stack.drain();
  expect(await stored(first.id)).toMatchObject({ status: "sent" });
});

describe("what is known to fail is refused before Meta sees it", () => {
  const refused = async (conversationId: string, body: unknown) =>
    (await tenant.api.post(`/api/crm/conversations/${conversationId}/messages`, body)).problem();

  test("a text when the person's last message is more than 24 hours old", async () => {
    const phone = "447700902001";
    const old = customerMessage(phone, { timestamp: String(Math.floor(Date.now() / 1000) - 24 * 3600 - 1) });
    await stack.deliver(webhookBody(tenant.number, { contacts: [contactOf(phone, "Old")], messages: [old] }));
    await stack.drain();
    const message = await tenant.models.Message.findOne({ "provider.messageId": old.id }).lean();
    const conversationId = message?.conversationId.toHexString() ?? "";
    expect(await refused(conversationId, { kind: "text", text: "Hi" })).toMatchObject({
      status: 422,
      code: "outside-service-window",
    });
    expect(await stack.sends(phone)).toEqual([]);
    await send(conversationId, {
      kind: "template",
      template: { name: "welcome", variables: { first_name: "Old" } },
    });
    await stack.drain();
  });

  test("a message to somebody who opted out or must not be contacted", async () => {
    const { conversationId, leadId } = await writer();
    const lead = new Types.ObjectId(leadId);
    await tenant.models.Lead.updateOne({ _id: lead }, { $set: { doNotContact: true } });
    expect(await refused(conversationId, { kind: "text", text: "Hi" })).toMatchObject({ code: "opted-out" });
    await tenant.models.Lead.updateOne(
      { _id: lead },
      { $set: { doNotContact: false, "consent.whatsapp.optIn": false } },
    );
    expect(await refused(conversationId, { kind: "text", text: "Hi" })).toMatchObject({ code: "opted-out" });
  });

  test("a message that waited while the person opted out", async () => {
    const { conversationId, leadId, phone } = await writer();
    const { id } = await send(conversationId);
    await tenant.models.Lead.updateOne({ _id: new Types.ObjectId(leadId) }, { $set: { doNotContact: true } });
    await stack.drain();
    expect(await stored(id)).toMatchObject({ status: "failed", error: { code: null } });
    expect(await stack.sends(phone)).toEqual([]);
  });

  test.each([
    [{ name: "welcome" }, "missing-variable"],
    [{ name: "welcome", variables: { first_name: "  " } }, "missing-variable"],
    [{ name: "appointment_reminder", variables: { "1": "Ana" } }, "missing-variable"],
    [{ name: "photo_offer", variables: { "1": "Ana" } }, "missing-variable"],
    [{ name: "paused_offer", variables: {} }, "template-not-sendable"],
    [{ name: "old_notice", variables: {} }, "template-not-sendable"],
    [{ name: "welcome", language: "pt_BR", variables: { first_name: "Ana" } }, "template-not-sendable"],
    [{ name: "no_such_template" }, "template-not-sendable"],
  ])("the template %j: %s", async (template, code) => {
    const { conversationId } = await writer();
    expect(await refused(conversationId, { kind: "template", template })).toMatchObject({
      status: 422,
      code,
    });
  });

  test("a template's value that is too long, has several lines or is a placeholder", async () => {
    const { conversationId, phone } = await writer();
    for (const first_name of ["x".repeat(5_000), "Ana\nSouza", "Ana\r", "Ana\tSouza", "{{1}}"]) {
      const template = { name: "welcome", variables: { first_name } };
      expect(await refused(conversationId, { kind: "template", template })).toMatchObject({
        status: 422,
        code: "invalid-variable",
        errors: [{ pointer: "/template/variables/first_name" }],
      });
    }
    await stack.drain();
    expect(await stack.sends(phone)).toEqual([]);
  });

  test("a lead without a number, an unknown lead, a foreign conversation", async () => {
    const created = await tenant.api.post("/api/crm/leads", { firstName: "Nobody" });
    const { id } = created.as(leadSchema);
    const body = { kind: "template", template: { name: "hello_world" } };
    expect((await tenant.api.post(`/api/crm/leads/${id}/messages`, body)).problem().code).toBe(
      "invalid-state",
    );
    const unknown = "66f0c0ffee66f0c0ffee66f0";
    expect((await tenant.api.post(`/api/crm/leads/${unknown}/messages`, body)).status).toBe(404);
    expect((await tenant.api.post(`/api/crm/conversations/${unknown}/messages`, body)).status).toBe(404);
  });
});

describe("templates", () => {
  test.each([
    [
      "welcome",
      { first_name: " Ana  Souza" },
      [{ type: "body", parameters: [{ type: "text", parameter_name: "first_name", text: "Ana Souza" }] }],
    ],
    ["hello_world", {}, undefined],
    [
      "appointment_reminder",
      { "1": "Ana", "2": "10:00" },
      [
        {
          type: "body",
          parameters: [
            { type: "text", text: "Ana" },
            { type: "text", text: "10:00" },
          ],
        },
      ],
    ],
    [
      "order_update",
      { header_1: "A-17", "1": "Ana", "2": "A-17", button_1: "A-17?x=1" },
      [
        { type: "header", parameters: [{ type: "text", text: "A-17" }] },
        {
          type: "body",
          parameters: [
            { type: "text", text: "Ana" },
            { type: "text", text: "A-17" },
          ],
        },
        { type: "button", sub_type: "url", index: "1", parameters: [{ type: "text", text: "A-17?x=1" }] },
      ],
    ],
    [
      "login_code",
      { "1": "482913" },
      [
        { type: "body", parameters: [{ type: "text", text: "482913" }] },
        { type: "button", sub_type: "url", index: "0", parameters: [{ type: "text", text: "482913" }] },
      ],
    ],
  ])("%s is filled in and taken by Meta", async (name, variables, components) => {
    people += 1;
    const phone = `+4477009030${String(people).padStart(2, "0")}`;
    const created = await tenant.api.post("/api/crm/leads", { firstName: "T", phone });
    const lead = created.as(leadSchema);
    const answer = await tenant.api.post(`/api/crm/leads/${lead.id}/messages`, {
      kind: "template",
      template: { name, language: "en_US", variables },
    });
    expect([answer.status, answer.status === 202 ? null : answer.json()]).toEqual([202, null]);
    await stack.drain();
    const message = await stored(answer.as(messageSchema).id);
    expect([message.status, message.error]).toEqual(["sent", null]);
    const [sent] = await stack.sends(phone.slice(1));
    expect(sent?.body).toMatchObject({ type: "template", template: { name } });
    expect(Object(sent?.body.template).components).toEqual(components);
    const conversation = (
      await tenant.api.get(`/api/crm/conversations/${message.conversationId.toHexString()}`)
    ).as(conversationSchema);
    expect(conversation.lastMessage?.direction).toBe("outbound");
  });
});

test("a message of a lead that is being merged waits for its new place; one of a disconnected number fails", async () => {
  const { conversationId, leadId } = await writer();
  const { Lead, Connection } = tenant.models;
  const _id = new Types.ObjectId(leadId);
  const merged = await send(conversationId);
  await Lead.updateOne({ _id }, { $set: { deletedAt: new Date(), mergedInto: new Types.ObjectId() } });
  expect(await sendStoredMessage(tenant.ctx, merged.id)).toMatchObject({ kind: "wait", code: "lead-merged" });
  await Lead.updateOne({ _id }, { $set: { deletedAt: null, mergedInto: null } });
  expect(await settled(merged.id, "sent")).toMatchObject({ error: null });

  const left = await send(conversationId);
  await Connection.updateMany({}, { $set: { state: "disconnected" } });
  await sendStoredMessage(tenant.ctx, left.id);
  await Connection.updateMany({}, { $set: { state: "active" } });
  expect(await stored(left.id)).toMatchObject({
    status: "failed",
    error: { explanation: expect.stringContaining("disconnected") },
  });
});
