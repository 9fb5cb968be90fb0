import { Types } from "mongoose";
import type * as z from "zod";
import { pageSchema } from "../../../src/contracts/common.contract";
import { conversationCountsSchema, conversationSchema } from "../../../src/contracts/conversation.contract";
import { messageSchema } from "../../../src/contracts/message.contract";
import { teamSchema } from "../../../src/contracts/team.contract";
import { cancelJob } from "../../../src/jobs/queue/enqueue";
import { moveClock } from "../../../src/lib/clock/clock";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { sweepSnoozed } from "../../../src/services/saas/messaging/conversation.snooze";
import { recordInboundMessage } from "../../../src/services/saas/messaging/inbound.message";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

type Conversation = z.output<typeof conversationSchema>;

let tenant: CrmTenant;
let teamId: string;
const hourMs = 3_600_000;
const base = "/api/crm/conversations";
const page = pageSchema(conversationSchema);

beforeAll(async () => {
  tenant = await crmTenant();
  const at = new Date();
  await tenant.models.Connection.create({
    version: 1,
    createdAt: at,
    updatedAt: at,
    channel: "whatsapp",
    phoneNumberId: "100200300",
    wabaId: "900800700",
    displayPhoneNumber: "+15550001111",
  });
  for (const key of ["maria", "joao"])
    await tenant.api.post("/api/crm/users", { key, name: key, email: `${key}@example.com` });
  const team = { key: "support", name: "Support", memberIds: ["maria", "joao"] };
  teamId = (await tenant.api.post("/api/crm/teams", team)).as(teamSchema).id;
});
afterAll(closeAllConnections);

async function newConversation(fields?: Record<string, unknown>): Promise<Conversation> {
  const lead = await newLead(tenant, fields);
  const opened = (await tenant.api.post(base, { leadId: lead.id })).as(conversationSchema);
  takeEvents(tenant);
  return opened;
}

const read = async (id: string) => (await tenant.api.get(`${base}/${id}`)).as(conversationSchema);
const inHours = (hours: number) => new Date(tenant.ctx.now().getTime() + hours * hourMs).toISOString();
const idsOf = async (query: string) =>
  (await tenant.api.get(`${base}?${query}`)).as(page).data.map(({ id }) => id);

let received = 0;

async function customerWrites(
  conversation: Conversation,
  text: string,
  at = tenant.ctx.now(),
): Promise<string> {
  const message = await commitChange(tenant.ctx, async (change) => {
    const lead = await change.models.Lead.findById(conversation.leadId)
      .session(change.session)
      .orFail()
      .lean();
    const connectionId = new Types.ObjectId(conversation.connectionId);
    return recordInboundMessage(
      tenant.ctx,
      change,
      { lead, connectionId },
      {
        id: new Types.ObjectId(),
        providerMessageId: `wamid.${++received}`,
        at,
        kind: "text",
        text,
        content: null,
        mediaIds: [],
        replyToProviderId: null,
        weight: { opensWindow: true, showsInInbox: true },
        eventId: null,
      },
    );
  });
  return message._id.toHexString();
}

test("a conversation goes through its four states, with an event for each", async () => {
  const { id } = await newConversation();
  const path = `${base}/${id}`;
  expect((await tenant.api.post(`${path}/pend`)).as(conversationSchema).status).toBe("pending");
  const until = inHours(5);
  expect((await tenant.api.post(`${path}/snooze`, { until })).as(conversationSchema)).toMatchObject({
    status: "snoozed",
    snoozedUntil: until,
  });
  const resolved = (await tenant.api.post(`${path}/resolve`)).as(conversationSchema);
  expect(resolved).toMatchObject({ status: "resolved", snoozedUntil: null, resolvedAt: expect.any(String) });
  expect((await tenant.api.post(`${path}/resolve`)).as(conversationSchema)).toEqual(resolved);
  const asleep = await tenant.api.post(`${path}/snooze`, { until });
  expect([asleep.status, asleep.problem().code]).toEqual([422, "invalid-state"]);
  const stale = await tenant.api.post(`${path}/reopen`, undefined, { "if-match": '"1"' });
  expect(stale.json()).toMatchObject({ status: 412, current: { status: "resolved" } });
  expect((await tenant.api.post(`${path}/reopen`)).as(conversationSchema)).toMatchObject({
    status: "open",
    resolvedAt: null,
  });
  expect(takeEvents(tenant)).toEqual([
    "conversation_updated",
    "conversation_updated",
    "conversation_updated",
    "conversation_resolved",
    "conversation_updated",
    "conversation_opened",
  ]);
});

test("a snoozed conversation wakes at its time, once, also when it was snoozed anew", async () => {
  const { id } = await newConversation();
  const path = `${base}/${id}`;
  await tenant.api.post(`${path}/snooze`, { until: inHours(1) });
  await tenant.api.post(`${path}/snooze`, { until: inHours(3) });
  await moveClock({ byMs: 2 * hourMs });
  await drainAll();
  expect((await read(id)).status).toBe("snoozed");
  await moveClock({ byMs: 2 * hourMs });
  const woken: string[] = [];
  await drainAll(async (_ctx, events) => {
    woken.push(...events.map(({ type }) => type));
  });
  expect(woken).toEqual(["conversation_updated", "conversation_opened"]);
  expect(await read(id)).toMatchObject({ status: "open", snoozedUntil: null });
});

test("a message of the customer wakes it before, and its job then does nothing", async () => {
  const conversation = await newConversation();
  await tenant.api.post(`${base}/${conversation.id}/snooze`, { until: inHours(1) });
  await customerWrites(conversation, "hello?");
  const woken = await read(conversation.id);
  expect(woken).toMatchObject({ status: "open", snoozedUntil: null, unreadCount: 1 });
  await moveClock({ byMs: 2 * hourMs });
  await drainAll();
  expect(await read(conversation.id)).toEqual(woken);
});

test("one whose job was lost gets it again from the sweep", async () => {
  const { id } = await newConversation();
  await tenant.api.post(`${base}/${id}/snooze`, { until: inHours(1) });
  expect(await cancelJob(tenant.ctx.clientCode, "conversation.wake", id)).toBe(true);
  expect(await sweepSnoozed(tenant.ctx)).toEqual({ taken: 1 });
  expect(await sweepSnoozed(tenant.ctx)).toEqual({ taken: 0 });
  await moveClock({ byMs: 2 * hourMs });
  await drainAll();
  expect((await read(id)).status).toBe("open");
});

test.each([
  ["the past", -1],
  ["more than a year", 24 * 400],
])("putting aside until %s is refused, naming the field", async (_what, hours) => {
  const { id } = await newConversation();
  const answer = await tenant.api.post(`${base}/${id}/snooze`, { until: inHours(hours) });
  expect([answer.status, answer.problem().errors?.[0]?.pointer]).toEqual([400, "/until"]);
  const patched = await tenant.api.patch(`${base}/${id}`, {
    status: "snoozed",
    snoozedUntil: inHours(hours),
  });
  expect([patched.status, patched.problem().errors?.[0]?.pointer]).toEqual([400, "/snoozedUntil"]);
});

test("it is given to a person or to one of a team in turns, who is told", async () => {
  const { id, leadId } = await newConversation();
  const path = `${base}/${id}/assign`;
  const given = (await tenant.api.post(path, { userId: "maria" })).as(conversationSchema);
  expect(given).toMatchObject({ assigneeId: "maria", version: 2 });
  expect(takeEvents(tenant)).toEqual([
    "conversation_updated",
    "conversation_assigned",
    "notification_created",
  ]);
  expect((await tenant.api.post(path, { userId: "maria" })).as(conversationSchema).version).toBe(2);
  expect(takeEvents(tenant)).toEqual([]);
  const told = await tenant.models.Notification.findOne({
    kind: "conversation_assigned",
    read: false,
  }).lean();
  expect(told).toMatchObject({ userId: "maria", leadId: new Types.ObjectId(leadId) });
  const turn = (await tenant.api.post(path, { teamKey: "support", how: "round_robin" })).as(
    conversationSchema,
  );
  const next = (await tenant.api.post(path, { teamKey: "support", how: "round_robin" })).as(
    conversationSchema,
  );
  expect([turn.assigneeId, next.assigneeId, next.teamId]).toEqual(["maria", "joao", teamId]);
  expect((await tenant.api.post(path, { userId: "nobody" })).problem().errors?.[0]?.pointer).toBe("/userId");
  expect((await tenant.api.patch(`${base}/${id}`, { assigneeId: "nobody" })).status).toBe(422);
  expect((await tenant.api.patch(`${base}/${id}`, { teamId: "0".repeat(24) })).status).toBe(422);
});

test("who is answered or whose conversation is resolved waits no more; the next message waits anew", async () => {
  const conversation = await newConversation();
  const path = `${base}/${conversation.id}`;
  await customerWrites(conversation, "anybody there?");
  expect(await read(conversation.id)).toMatchObject({ unreadCount: 1, waitingSince: expect.any(String) });
  expect(await idsOf("sort=waiting&limit=100")).toContain(conversation.id);
  expect((await tenant.api.post(`${path}/resolve`)).as(conversationSchema).waitingSince).toBeNull();
  expect(await idsOf("sort=waiting&limit=100")).not.toContain(conversation.id);
  expect((await tenant.api.post(`${path}/reopen`)).as(conversationSchema).waitingSince).toBeNull();
  const at = tenant.ctx.now();
  await customerWrites(conversation, "hello again", at);
  expect(await read(conversation.id)).toMatchObject({ waitingSince: at.toISOString(), unreadCount: 2 });
  expect((await tenant.api.post(`${path}/read`)).as(conversationSchema).unreadCount).toBe(0);
});

test("20 parallel changes with one ETag: one wins, the others get the present state", async () => {
  const { id } = await newConversation();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      tenant.api.post(`${base}/${id}/labels`, { add: [`label ${n}`] }, { "if-match": '"1"' }),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
  expect((await read(id)).labels).toHaveLength(1);
});

test("labels and participants are added and removed one by one without losing each other's", async () => {
  const { id } = await newConversation();
  await Promise.all(["a", "b", "c"].map((add) => tenant.api.post(`${base}/${id}/labels`, { add: [add] })));
  const labels = { add: ["a", "d"], remove: ["b", "none"] };
  const changed = (await tenant.api.post(`${base}/${id}/labels`, labels)).as(conversationSchema);
  expect([...changed.labels].sort()).toEqual(["a", "c", "d"]);
  const people = { add: ["maria"], remove: [] };
  const followed = await tenant.api.post(`${base}/${id}/participants`, people);
  expect(followed.as(conversationSchema).participantIds).toEqual(["maria"]);
  expect((await tenant.api.post(`${base}/${id}/participants`, { add: ["nobody"] })).status).toBe(422);
});

test("a private note is among the messages, is sent to nobody, and answers nobody", async () => {
  const conversation = await newConversation();
  await customerWrites(conversation, "How much is it?");
  const before = await read(conversation.id);
  const path = `${base}/${conversation.id}/notes`;
  const body = { text: "Old price for her", mentions: ["joao"] };
  const answer = await tenant.api.post(path, body, { "idempotency-key": "note-1" });
  const note = answer.as(messageSchema);
  expect([answer.status, note.kind, note.providerMessageId]).toEqual([201, "note", null]);
  expect((await tenant.api.post(path, body, { "idempotency-key": "note-1" })).as(messageSchema).id).toBe(
    note.id,
  );
  const after = await read(conversation.id);
  expect(after).toMatchObject({
    waitingSince: before.waitingSince,
    firstReplyAt: null,
    lastMessage: before.lastMessage,
    participantIds: ["joao"],
  });
  const messages = (await tenant.api.get(`${base}/${conversation.id}/messages`)).as(
    pageSchema(messageSchema),
  );
  expect(messages.data.map(({ kind }) => kind)).toContain("note");
  await drainAll();
  expect((await tenant.api.post(`/api/crm/messages/${note.id}/retry`)).status).toBe(422);
  expect(await tenant.models.Notification.countDocuments({ userId: "joao", kind: "mention" })).toBe(1);
});

test("a lead's conversations are found by the lead, also by the id of one that was merged into it", async () => {
  const conversation = await newConversation();
  const base = await newLead(tenant, { firstName: "Base" });
  await tenant.api.post(`/api/crm/leads/${base.id}/merge`, { duplicateId: conversation.leadId });
  for (const leadId of [base.id, conversation.leadId]) {
    const { data } = (await tenant.api.get(`/api/crm/leads/${leadId}/conversations`)).as(page);
    expect(data.map(({ id }) => id)).toEqual([conversation.id]);
  }
  expect((await tenant.api.get("/api/crm/leads/66f0c0ffee66f0c0ffee66f0/conversations")).status).toBe(404);
});

test("messages are read from any one of them on, in both directions", async () => {
  const conversation = await newConversation();
  const start = tenant.ctx.now().getTime();
  const ids: string[] = [];
  // two of them within the same moment: the order goes on by their ids
  for (const second of [0, 1, 1, 2, 3])
    ids.push(await customerWrites(conversation, `m${ids.length}`, new Date(start + second * 1_000)));
  const [first, second, third, fourth, fifth] = ids;
  const list = async (query: string) =>
    (await tenant.api.get(`${base}/${conversation.id}/messages?${query}`)).as(pageSchema(messageSchema));
  const idsIn = (answer: { data: { id: string }[] }) => answer.data.map(({ id }) => id);
  expect(idsIn(await list("limit=2"))).toEqual([fifth, fourth]);
  expect(idsIn(await list(`before=${third}`))).toEqual([second, first]);
  const forth = await list(`after=${second}&limit=2`);
  expect([idsIn(forth), forth.hasMore]).toEqual([[third, fourth], true]);
  expect(idsIn(await list(`after=${second}&limit=2&cursor=${forth.nextCursor}`))).toEqual([fifth]);
  expect(idsIn(await list(`after=${fifth}`))).toEqual([]);
  const unknown = await tenant.api.get(`${base}/${conversation.id}/messages?after=${"0".repeat(24)}`);
  expect([unknown.status, unknown.problem().code]).toEqual([422, "invalid-reference"]);
  const both = await tenant.api.get(`${base}/${conversation.id}/messages?after=${first}&before=${fifth}`);
  expect(both.status).toBe(400);
});

test("lists filter by person, team, label and state, find words and numbers, and count", async () => {
  const phone = "+5511955550001";
  const conversation = await newConversation({ firstName: "Zoe", phone });
  const { id } = conversation;
  await tenant.api.post(`${base}/${id}/assign`, { userId: "joao", teamKey: "support" });
  await tenant.api.post(`${base}/${id}/labels`, { add: ["fatura"] });
  await tenant.api.post(`${base}/${id}/participants`, { add: ["maria"] });
  await customerWrites(conversation, "Onde está a minha FATURAÇÃO de março?");
  expect(await idsOf("label=fatura&assigneeId=joao&status=open")).toEqual([id]);
  expect(await idsOf(`teamId=${teamId}&label=fatura`)).toEqual([id]);
  expect(await idsOf("participantId=maria&label=fatura")).toEqual([id]);
  expect(await idsOf("unassigned=true")).not.toContain(id);
  expect(await idsOf("q=faturacao%20marco")).toEqual([id]);
  expect(await idsOf("q=fatura%20abril")).toEqual([]);
  expect(await idsOf(`q=${encodeURIComponent("11 95555-0001".replace(/^/, "+55 "))}`)).toEqual([id]);
  const waiting = (await tenant.api.get(`${base}?sort=waiting&limit=100`)).as(page).data;
  const times = waiting.map(({ waitingSince }) => waitingSince ?? "");
  expect(times).toEqual([...times].sort());
  expect(times.length).toBeGreaterThan(1);
  const counts = (await tenant.api.get("/api/crm/conversation-counts")).as(conversationCountsSchema);
  const open = (await tenant.api.get(`${base}?status=open&limit=100`)).as(page).data;
  expect(counts).toMatchObject({ open: open.length, resolved: 0, waiting: waiting.length });
  expect(counts.byAssignee.joao).toBe(open.filter(({ assigneeId }) => assigneeId === "joao").length);
  expect(counts.byTeam[teamId]).toBeGreaterThan(0);
});

test("what a message said can be taken away for good; that there was one stays, and nothing finds it", async () => {
  const conversation = await newConversation();
  const id = await customerWrites(conversation, "my card is kryptonite");
  const { providerMessageId } = (await tenant.api.get(`/api/crm/messages/${id}`)).as(messageSchema);
  const raw = { dedupeKey: `m:100200300:${providerMessageId}`, raw: '{"text":"kryptonite"}' };
  await tenant.models.WebhookEvent.create({
    ...raw,
    field: "messages",
    kind: "message",
    wabaId: "900800700",
    phoneNumberId: "100200300",
    state: "processed",
    receivedAt: new Date(),
    requestId: "req_test",
  });
  // What was answered with it as the conversation's latest message, and what a rule's condition saw.
  const open = { leadId: conversation.leadId, connectionId: conversation.connectionId };
  const key = { "idempotency-key": "open-with-secret" };
  const opened = (await tenant.api.post(base, open, key)).as(conversationSchema);
  expect(opened.lastMessage?.preview).toMatch(/kryptonite/);
  const line = { field: "message.text", op: "contains", expected: "krypto", passed: true };
  const text = (await tenant.models.Message.findById(id).lean())?.text;
  const decided = {
    ruleId: new Types.ObjectId(),
    eventId: "seen",
    outcome: "not_matched" as const,
    at: new Date(),
    expireAt: new Date(Date.now() + 60_000),
  };
  const trace = [
    { ...line, actual: text },
    { ...line, actual: "other" },
  ];
  await tenant.models.AutomationDecision.create({ ...decided, leadId: conversation.leadId, trace });
  takeEvents(tenant);
  expect(await idsOf("q=kryptonite")).toEqual([conversation.id]);
  const stale = await tenant.api.delete(`/api/crm/messages/${id}`, { "if-match": '"99"' });
  expect(stale.status).toBe(412);
  const redacted = (await tenant.api.delete(`/api/crm/messages/${id}`)).as(messageSchema);
  expect(redacted).toMatchObject({ id, kind: "text", text: null, redactedAt: expect.any(String) });
  expect((await tenant.api.delete(`/api/crm/messages/${id}`)).as(messageSchema)).toEqual(redacted);
  expect(takeEvents(tenant)).toEqual(["message_updated"]);
  expect(await idsOf("q=kryptonite")).toEqual([]);
  expect((await read(conversation.id)).lastMessage?.preview).toBe("Deleted message");
  const again = (await tenant.api.post(base, open, key)).as(conversationSchema);
  expect([again.id, again.lastMessage?.preview]).toEqual([conversation.id, "Deleted message"]);
  const seen = await tenant.models.AutomationDecision.findOne({ eventId: "seen" }).lean();
  expect(seen?.trace.map(({ actual }) => actual)).toEqual([null, "other"]);
  expect(await tenant.models.WebhookEvent.findOne({ dedupeKey: raw.dedupeKey }).lean()).toMatchObject({
    raw: "{}",
    state: "processed",
  });
});

test("a note is taken away too, also from the answer kept for a repeated request; a message on its way is not", async () => {
  const { id } = await newConversation();
  const key = { "idempotency-key": "note-secret" };
  const made = await tenant.api.post(`${base}/${id}/notes`, { text: "secret" }, key);
  expect(made.json()).toMatchObject({ text: "secret" });
  const note = made.as(messageSchema);
  await tenant.api.delete(`/api/crm/messages/${note.id}`);
  const again = await tenant.api.post(`${base}/${id}/notes`, { text: "secret" }, key);
  expect(again.headers["idempotency-replayed"]).toBe("true");
  expect(again.as(messageSchema)).toMatchObject({ id: note.id, text: null, redactedAt: expect.any(String) });
  await tenant.models.Message.updateOne({ _id: note.id }, { $set: { status: "sending", redactedAt: null } });
  const early = await tenant.api.delete(`/api/crm/messages/${note.id}`);
  expect([early.status, early.problem().code]).toEqual([422, "invalid-state"]);
});
