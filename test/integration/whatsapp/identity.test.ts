/** One lead per person, whatever WhatsApp calls them, and what they chose. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LeadRecord } from "../../../src/model/saas/lead.schema";
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

const start = Math.floor(Date.now() / 1000) - 7_200;
const second = (n: number) => String(start + n);

async function deliver(value: Parameters<typeof webhookBody>[1]): Promise<void> {
  expect((await stack.deliver(webhookBody(tenant.number, value))).status).toBe(200);
  await stack.drain();
}

/** A change of another field than `messages`, about the tenant's number. */
async function deliverField(field: string, value: Record<string, unknown>): Promise<void> {
  const metadata = { phone_number_id: tenant.number.phoneNumberId };
  const change = { field, value: { messaging_product: "whatsapp", metadata, ...value } };
  const body = {
    object: "whatsapp_business_account",
    entry: [{ id: tenant.number.wabaId, changes: [change] }],
  };
  expect((await stack.deliver(body)).status).toBe(200);
  await stack.drain();
}

function leads(filter: Partial<Pick<LeadRecord, "waId" | "waUserId" | "username">>): Promise<LeadRecord[]> {
  return tenant.models.Lead.find({ ...filter, deletedAt: null }).lean();
}

async function onlyLead(filter: Parameters<typeof leads>[0]): Promise<LeadRecord> {
  const [lead, another] = await leads(filter);
  if (!lead || another) throw new Error("There is not exactly one such lead.");
  return lead;
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
test("a number change follows the person, whether the old number is heard of before or after it", async () => {
  const change = (from: string, to: string) =>
    customerMessage(from, {
      type: "system",
      text: undefined,
      timestamp: second(100),
      system: { type: "user_changed_number", body: "changed", wa_id: to },
    });
  await deliver({ messages: [customerMessage("447700910001", { timestamp: second(1) })] });
  await deliver({ messages: [change("447700910001", "447700910002")] });
  await deliver({ messages: [customerMessage("447700910002", { timestamp: second(200) })] });
  const first = await onlyLead({ waId: "447700910002" });
  expect(first.phone?.e164).toBe("+447700910002");
  expect(await tenant.models.Conversation.countDocuments({ leadId: first._id })).toBe(1);
  expect(await leads({ waId: "447700910001" })).toEqual([]);

  await deliver({ messages: [change("447700910003", "447700910004")] });
  await deliver({ messages: [customerMessage("447700910003", { timestamp: second(1) })] });
  const second_ = await onlyLead({ waId: "447700910004" });
  expect(await tenant.models.Message.countDocuments({ leadId: second_._id })).toBe(2);
});

test("who writes from a number that was given up long ago is somebody else", async () => {
  await deliver({
    messages: [
      customerMessage("447700910011", {
        type: "system",
        text: undefined,
        timestamp: String(start - 30 * 86_400),
        system: { type: "user_changed_number", body: "changed", wa_id: "447700910012" },
      }),
    ],
  });
  await deliver({ messages: [customerMessage("447700910011", { timestamp: second(1) })] });
  const old = await onlyLead({ waId: "447700910012" });
  const now = await onlyLead({ waId: "447700910011" });
  expect(now._id).not.toEqual(old._id);
  expect(now.phone?.e164).toBe("+447700910011");
});

test("a Brazilian is one person with and without the ninth digit", async () => {
  await deliver({ messages: [customerMessage("551187654321", { timestamp: second(1) })] });
  await deliver({ messages: [customerMessage("5511987654321", { timestamp: second(2) })] });
  const lead = await onlyLead({ waId: "5511987654321" });
  expect(lead.phone?.e164).toBe("+5511987654321");
  expect(await tenant.models.Message.countDocuments({ leadId: lead._id })).toBe(2);
});

test("the newest profile name and username stand, in whatever order they come, until somebody writes a name", async () => {
  const from = "447700910021";
  const says = async (name: string, username: string, at: number) =>
    deliver({
      contacts: [{ ...contactOf(from, name), profile: { name, username } }],
      messages: [customerMessage(from, { timestamp: second(at) })],
    });
  await says("Ana", "ana.1", 10);
  await says("Ana Souza", "ana.3", 30);
  await says("Ana S.", "ana.2", 20);
  const lead = await onlyLead({ waId: from });
  expect(lead).toMatchObject({
    displayName: "Ana Souza",
    firstName: "Ana",
    lastName: "Souza",
    username: "ana.3",
  });
  await tenant.api.patch(`/api/crm/leads/${lead._id.toHexString()}`, { displayName: "Ana from Porto" });
  await says("Anita", "ana.4", 40);
  expect(await onlyLead({ waId: from })).toMatchObject({ displayName: "Ana from Porto", username: "ana.4" });
});

// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
test("a new user id is the same person's, and one of nobody known waits until they are known", async () => {
  const update = (previous: string, current: string, wa_id?: string) =>
    deliverField("user_id_update", {
      user_id_update: [{ wa_id, detail: "changed", user_id: { previous, current }, timestamp: second(50) }],
    });
  const says = (userId: string, at: number) =>
    deliver({
      contacts: [{ profile: { name: "Cleo" }, user_id: userId }],
      messages: [customerMessage("", { from: undefined, from_user_id: userId, timestamp: second(at) })],
    });
  await says("GB.1", 1);
  await update("GB.1", "GB.2");
  await says("GB.2", 60);
  const lead = await onlyLead({ waUserId: "GB.2" });
  expect(await tenant.models.Message.countDocuments({ leadId: lead._id })).toBe(2);

  await update("GB.11", "GB.12");
  await says("GB.11", 2);
  await says("GB.12", 70);
  const late = await onlyLead({ waUserId: "GB.12" });
  expect(await tenant.models.Message.countDocuments({ leadId: late._id })).toBe(2);
});

// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences
test("who stopped marketing gets no marketing template, and does again after resuming; the latest choice stands", async () => {
  const from = "447700910031";
  const choose = (value: "stop" | "resume", at: number) =>
    deliverField("user_preferences", {
      user_preferences: [
        { wa_id: from, detail: "x", category: "marketing_messages", value, timestamp: start + at },
      ],
    });
  const send = (name: string) =>
    tenant.api.post(`/api/crm/leads/${leadId}/messages`, {
      kind: "template",
      template: { name, language: "en_US", variables: { first_name: "Bo" } },
    });
  await choose("stop", 100); // nobody knows the person yet
  await deliver({
    contacts: [contactOf(from, "Bo")],
    messages: [customerMessage(from, { timestamp: second(90) })],
  });
  const leadId = (await onlyLead({ waId: from }))._id.toHexString();
  const refused = await send("follow_up");
  expect([refused.status, refused.problem().code]).toEqual([422, "opted-out"]);
  expect((await send("welcome")).status).toBe(202);
  await choose("resume", 50);
  expect((await send("follow_up")).status).toBe(422);
  await choose("resume", 150);
  expect((await send("follow_up")).status).toBe(202);
  expect((await onlyLead({ waId: from })).consent.marketing).toMatchObject({
    optIn: true,
    source: "user_preferences",
  });
});

test("a status that says the person stopped marketing is remembered", async () => {
  const from = "447700910041";
  await deliver({ messages: [customerMessage(from, { timestamp: second(1) })] });
  const lead = await onlyLead({ waId: from });
  await stack.sim("/_sim/statuses", { steps: [{ status: "failed", afterMs: 20, code: 131_050 }] });
  const sent = await tenant.api.post(`/api/crm/leads/${lead._id.toHexString()}/messages`, {
    kind: "template",
    template: { name: "follow_up", language: "en_US", variables: { first_name: "Bo" } },
  });
  expect(sent.status).toBe(202);
  await stack.drain();
  for (let tries = 0; tries < 40; tries += 1) {
    await stack.drain();
    if ((await onlyLead({ waId: from })).consent.marketing) break;
    await sleep(50);
  }
  expect((await onlyLead({ waId: from })).consent.marketing).toMatchObject({ optIn: false });
});

test("a message that shows two leads to be one person merges them, and both conversations become one", async () => {
  const userId = "GB.21";
  const [waId, name] = ["447700910051", "Dora"];
  await deliver({
    contacts: [contactOf(waId, name)],
    messages: [customerMessage(waId, { timestamp: second(1) })],
  });
  await deliver({
    contacts: [{ profile: { name: "Dora K", username: "dora.k" }, user_id: userId }],
    messages: [customerMessage("", { from: undefined, from_user_id: userId, timestamp: second(2) })],
  });
  expect(await leads({ waUserId: userId })).toHaveLength(1);
  await deliver({
    contacts: [{ profile: { name: "Dora K" }, wa_id: waId, user_id: userId }],
    messages: [customerMessage(waId, { from_user_id: userId, timestamp: second(3) })],
  });
  const lead = await onlyLead({ waUserId: userId });
  expect(lead).toMatchObject({ waId, displayName: "Dora K", username: "dora.k" });
  expect(await tenant.models.Message.countDocuments({ leadId: lead._id })).toBe(3);
  const conversations = await tenant.models.Conversation.find({ leadId: lead._id }).lean();
  expect(conversations).toMatchObject([{ unreadCount: 3 }]);
  expect(tenant.events.filter(({ type }) => type === "lead_merged")).toHaveLength(1);
});

test.each(["before", "after"])(
  "what a person does to a message counts, %s it came, also while they are still two leads",
  async (order) => {
    const [waId, userId] = [`44770091007${order.length}`, `GB.7${order.length}`];
    const [reacted, deleted] = [`wamid.two.${order}.1`, `wamid.two.${order}.2`];
    const wrote = [reacted, deleted].map((id, n) => ({
      contacts: [contactOf(waId, "Fay")],
      messages: [customerMessage(waId, { id, timestamp: second(1 + n) })],
    }));
    const unknown = { from: undefined, from_user_id: userId, text: undefined };
    const acts = [
      { type: "reaction", reaction: { message_id: reacted, emoji: "👍" } },
      { type: "revoke", revoke: { original_message_id: deleted } },
    ].map((act, n) => ({
      contacts: [{ profile: { name: "Fay" }, user_id: userId }],
      messages: [customerMessage("", { ...unknown, ...act, timestamp: second(10 + n) })],
    }));
    for (const body of order === "before" ? [...acts, ...wrote] : [...wrote, ...acts]) await deliver(body);
    expect(await leads({ waUserId: userId, waId })).toHaveLength(0);
    const messageOf = (id: string) => tenant.models.Message.findOne({ "provider.messageId": id }).lean();
    expect((await messageOf(reacted))?.reactions).toMatchObject([{ from: "lead", emoji: "👍" }]);
    expect(await messageOf(deleted)).toMatchObject({ text: null, revokedAt: expect.any(Date) });
  },
);

test("both numbers of a person who changed it, each known as a lead, become one lead", async () => {
  await deliver({ messages: [customerMessage("447700910062", { timestamp: second(200) })] });
  await deliver({ messages: [customerMessage("447700910061", { timestamp: second(1) })] });
  await deliver({
    messages: [
      customerMessage("447700910061", {
        type: "system",
        text: undefined,
        timestamp: second(100),
        system: { type: "user_changed_number", body: "changed", wa_id: "447700910062" },
      }),
    ],
  });
  const lead = await onlyLead({ waId: "447700910062" });
  expect(lead.phone?.e164).toBe("+447700910062");
  expect(lead.otherPhones ?? []).toEqual([]);
  expect(await tenant.models.Message.countDocuments({ leadId: lead._id, kind: "text" })).toBe(2);
});
