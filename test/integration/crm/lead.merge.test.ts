import { Types, trusted } from "mongoose";
import { conversationSchema } from "../../../src/contracts/conversation.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { moveClock } from "../../../src/lib/clock/clock";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { crmSchemas } from "../../../src/model/saas";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, stagesOf, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;
const connectionId = new Types.ObjectId();
const at = new Date("2026-11-01T10:00:00.000Z");
const stamps = { version: 1, createdAt: at, updatedAt: at };

beforeAll(async () => {
  await migrateCentral();
  tenant = await crmTenant();
});
beforeEach(() => {
  tenant.events.length = 0;
});
afterAll(closeAllConnections);

const merge = (baseId: string, duplicateId: string, headers?: Record<string, string>) =>
  tenant.api.post(`/api/crm/leads/${baseId}/merge`, { duplicateId }, headers);

async function conversationOf(leadId: string, fields: object = {}) {
  return tenant.models.Conversation.create({
    ...stamps,
    leadId: new Types.ObjectId(leadId),
    channel: "whatsapp",
    connectionId,
    lastActivityAt: at,
    ...fields,
  });
}

function message(
  conversation: { _id: Types.ObjectId; leadId: Types.ObjectId },
  n: number,
  fields: object = {},
) {
  return {
    ...stamps,
    _id: new Types.ObjectId(),
    conversationId: conversation._id,
    connectionId,
    leadId: conversation.leadId,
    direction: "inbound",
    kind: "text",
    text: `message ${n}`,
    clientId: `c${n}`,
    provider: { name: "whatsapp" },
    status: "received",
    sender: { type: "lead", id: conversation.leadId.toHexString() },
    actor: { type: "system", id: "test" },
    sentAt: new Date(at.getTime() + n * 1000),
    ...fields,
  };
}

function run(leadId: string, ruleId: Types.ObjectId, fields: object = {}) {
  return {
    ...stamps,
    _id: new Types.ObjectId(),
    ruleId,
    ruleVersion: 1,
    leadId: new Types.ObjectId(leadId),
    enrollmentKey: "once",
    triggerEvent: { id: "e1", type: "lead_created", occurredAt: at, data: {}, subject: {} },
    causation: { rootEventId: "e1", depth: 0, ruleIds: [] },
    status: "waiting",
    cursor: { stepId: "s1", iteration: 0 },
    startedAt: at,
    ...fields,
  };
}

test("the base wins, what it does not know comes from the other, and a no of either stays", async () => {
  const base = await newLead(tenant, {
    firstName: "Ana",
    phone: "+5511911110001",
    tags: ["vip"],
    custom: { plan: "gold" },
    externalIds: { shop: "1" },
    consent: { whatsapp: { optIn: true } },
  });
  const other = await newLead(tenant, {
    firstName: "Anna",
    lastName: "Souza",
    phone: "+5511911110002",
    email: "ana@merge.example",
    tags: ["fair", "vip"],
    custom: { plan: "silver", size: 40 },
    externalIds: { shop: "2", erp: "9" },
    consent: { whatsapp: { optIn: false } },
    doNotContact: true,
    value: { amount: 10, currency: "EUR" },
  });
  takeEvents(tenant);
  const merged = (await merge(base.id, other.id)).as(leadSchema);
  expect(merged).toMatchObject({
    id: base.id,
    version: base.version + 1,
    firstName: "Ana",
    lastName: "Souza",
    displayName: "Ana Souza",
    phone: "+5511911110001",
    otherPhones: ["+5511911110002"],
    email: "ana@merge.example",
    tags: ["vip", "fair"],
    custom: { plan: "gold", size: 40 },
    externalIds: { shop: "1", erp: "9" },
    consent: { whatsapp: { optIn: false } },
    doNotContact: true,
    value: { amount: 10, currency: "EUR" },
    mergedFrom: [other.id],
    stageId: base.stageId,
    rank: base.rank,
  });
  expect(tenant.events.map(({ type, subject, data }) => [type, subject.leadId, data])).toEqual([
    ["lead_merged", base.id, { mergedLeadId: other.id }],
    ["lead_deleted", other.id, { mergedInto: base.id }],
  ]);
  const again = await merge(base.id, other.id);
  expect([again.status, again.as(leadSchema).version]).toEqual([200, merged.version]);
});

test("an upsert by any id that a merged lead has in one system changes that lead and keeps its other ids", async () => {
  const [base, other] = [
    await newLead(tenant, { firstName: "One", externalIds: { crm: "K-1" } }),
    await newLead(tenant, { firstName: "Two", externalIds: { crm: "K-2" } }),
  ];
  await merge(base.id, other.id);
  for (const [id, score] of [
    ["K-1", 1],
    ["K-2", 2],
    ["K-1", 3],
  ] as const) {
    const answer = await tenant.api.put(`/api/crm/leads/by-external/crm/${id}`, { score });
    expect([answer.status, answer.as(leadSchema).id]).toEqual([200, base.id]);
  }
  await tenant.api.patch(`/api/crm/leads/${base.id}`, { externalIds: { crm: "K-3" } });
  expect((await tenant.models.Lead.findById(base.id).lean())?.externalIds).toMatchObject([{ id: "K-3" }]);
});

test("the old id, number, address and external id lead to the base, which keeps them from new leads", async () => {
  const base = await newLead(tenant, { phone: "+5511911120001", email: "one@lead.example" });
  const other = await newLead(tenant, {
    phone: "+5511911120002",
    email: "two@lead.example",
    externalIds: { cal: "77" },
  });
  await merge(base.id, other.id);
  const answer = await tenant.api.get(`/api/crm/leads/${other.id}`);
  expect([answer.as(leadSchema).id, answer.headers["content-location"]]).toEqual([
    base.id,
    `/api/crm/leads/${base.id}`,
  ]);
  const tagged = await tenant.api.post(`/api/crm/leads/${other.id}/tags`, { tags: ["old"] });
  expect(tagged.as(leadSchema)).toMatchObject({ id: base.id, tags: ["old"] });
  expect((await tenant.api.delete(`/api/crm/leads/${other.id}`)).status).toBe(404);
  expect((await tenant.api.post(`/api/crm/leads/${other.id}/restore`)).status).toBe(404);
  for (const twin of [
    { phone: "+5511911120002" },
    { email: "two@lead.example" },
    { firstName: "X", externalIds: { cal: "77" } },
  ]) {
    const refused = await tenant.api.post("/api/crm/leads", twin);
    expect([refused.status, refused.json()]).toEqual([409, expect.objectContaining({ leadId: base.id })]);
  }
  const upserted = await tenant.api.put("/api/crm/leads/by-phone/+5511911120002", { company: "Sol" });
  expect(upserted.as(leadSchema)).toMatchObject({ id: base.id, company: "Sol" });
  // and deleting and restoring the base gives it all of them again
  await tenant.api.delete(`/api/crm/leads/${base.id}`);
  expect((await tenant.api.post(`/api/crm/leads/${base.id}/restore`)).status).toBe(200);
  expect((await tenant.api.post("/api/crm/leads", { email: "two@lead.example" })).status).toBe(409);
});

test("two conversations over one number become one, with every message and nobody's waiting forgotten", async () => {
  const base = await newLead(tenant);
  const other = await newLead(tenant);
  const ours = await conversationOf(base.id, { status: "resolved", resolvedAt: at, labels: ["a"] });
  const later = new Date(at.getTime() + 90_000);
  const theirs = await conversationOf(other.id, {
    unreadCount: 2,
    waitingSince: at,
    labels: ["b"],
    lastActivityAt: later,
    lastInboundAt: later,
    windowExpiresAt: later,
  });
  await tenant.models.Message.insertMany([
    ...[1, 3].map((n) => message(ours, n)),
    ...[2, 3].map((n) => message(theirs, n)),
    message(theirs, 4, { status: "queued", direction: "outbound", sender: { type: "api", id: "k" } }),
  ]);
  takeEvents(tenant);
  await merge(base.id, other.id);
  expect(takeEvents(tenant)).toEqual(["conversation_merged", "lead_merged", "lead_deleted"]);
  const followed = await tenant.api.get(`/api/crm/conversations/${theirs._id.toHexString()}`);
  expect(followed.as(conversationSchema).id).toBe(ours._id.toHexString());
  expect(followed.headers["content-location"]).toBe(`/api/crm/conversations/${ours._id.toHexString()}`);
  const kept = await tenant.models.Conversation.find({ leadId: new Types.ObjectId(base.id) }).lean();
  expect(kept).toEqual([
    expect.objectContaining({
      _id: ours._id,
      version: 2,
      status: "open",
      resolvedAt: null,
      unreadCount: 2,
      waitingSince: at,
      labels: ["a", "b"],
      lastActivityAt: later,
      windowExpiresAt: later,
    }),
  ]);
  const messages = await tenant.models.Message.find({ conversationId: ours._id }).sort({ sentAt: 1 }).lean();
  expect(messages.map(({ text }) => text ?? "").toSorted((a, b) => a.localeCompare(b))).toEqual([
    "message 1",
    "message 2",
    "message 3",
    "message 3",
    "message 4",
  ]);
  expect(new Set(messages.map(({ leadId }) => leadId.toHexString()))).toEqual(new Set([base.id]));
  expect(
    messages.filter(({ sender }) => sender.type === "lead").every(({ sender }) => sender.id === base.id),
  ).toBe(true);
  expect(await tenant.models.Conversation.countDocuments({ _id: theirs._id })).toBe(0);
});

test("a living run moves, and ends where the base goes through the same rule", async () => {
  const base = await newLead(tenant);
  const other = await newLead(tenant);
  const [both, alone, again] = [new Types.ObjectId(), new Types.ObjectId(), new Types.ObjectId()];
  const runs = [
    run(base.id, both),
    run(other.id, both),
    run(other.id, alone),
    run(base.id, again, { enrollmentKey: "e1", concurrencyKey: "living" }),
    run(other.id, again, { enrollmentKey: "e2", concurrencyKey: "living" }),
  ];
  await tenant.models.AutomationRun.insertMany(runs);
  await merge(base.id, other.id);
  const stored = await tenant.models.AutomationRun.find({ leadId: new Types.ObjectId(base.id) }).lean();
  const byId = new Map(stored.map((each) => [each._id.toHexString(), each]));
  expect(
    runs.map(({ _id }) => [byId.get(_id.toHexString())?.status, byId.get(_id.toHexString())?.exitReason]),
  ).toEqual([
    ["waiting", null],
    ["exited", "lead_merged"],
    ["waiting", null],
    ["waiting", null],
    ["exited", "lead_merged"],
  ]);
});

test("notes, meetings, timeline and stays in stages move, and the other leaves its column", async () => {
  const stages = await stagesOf(tenant);
  const base = await newLead(tenant);
  const other = await newLead(tenant);
  await tenant.api.post(`/api/crm/leads/${other.id}/notes`, { text: "Prefers mornings." });
  await tenant.api.post("/api/crm/meetings", {
    leadId: other.id,
    title: "Visit",
    startsAt: "2027-01-01T10:00:00Z",
  });
  await merge(base.id, other.id);
  const { models } = tenant;
  const leadId = new Types.ObjectId(base.id);
  expect(await models.Note.countDocuments({ leadId })).toBe(1);
  expect(await models.Meeting.countDocuments({ leadId })).toBe(1);
  const stays = await models.StageHistory.find({ leadId }).lean();
  expect(stays.map(({ leftAt }) => (leftAt === null ? 1 : 0)).toSorted((a, b) => a - b)).toEqual([0, 1]);
  const timeline = await tenant.api.get(`/api/crm/leads/${other.id}/activities?limit=100`);
  expect(JSON.stringify(timeline.json())).toContain("Prefers mornings.");
  const column = await tenant.api.get(`/api/crm/leads?stageId=${stages.new}&limit=100`);
  expect(JSON.stringify(column.json())).not.toContain(`"id":"${other.id}"`);
});

test("a chain of merges leads to its end, and a stale If-Match merges nothing", async () => {
  const [first, second, third] = [await newLead(tenant), await newLead(tenant), await newLead(tenant)];
  await merge(second.id, first.id);
  const stale = await merge(third.id, second.id, { "if-match": '"9"' });
  expect([stale.status, stale.json()]).toEqual([
    412,
    expect.objectContaining({ current: expect.objectContaining({ id: third.id }) }),
  ]);
  const merged = (await merge(third.id, second.id)).as(leadSchema);
  expect(merged.mergedFrom).toEqual([first.id, second.id]);
  expect((await tenant.api.get(`/api/crm/leads/${first.id}`)).as(leadSchema).id).toBe(third.id);
  expect((await merge(third.id, third.id)).status).toBe(422);
  expect((await merge(third.id, new Types.ObjectId().toHexString())).status).toBe(422);
  expect((await merge(new Types.ObjectId().toHexString(), third.id)).status).toBe(404);
});

test("of parallel merges into different leads one happens, and nothing is left with the merged lead", async () => {
  const bases = await Promise.all([newLead(tenant), newLead(tenant), newLead(tenant)]);
  const other = await newLead(tenant);
  const answers = await Promise.all(bases.map(({ id }) => merge(id, other.id)));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422, 422]);
});

test("a long history follows by the job, slice by slice, and goes on after a try that died", async () => {
  const base = await newLead(tenant);
  const other = await newLead(tenant);
  const ours = await conversationOf(base.id);
  const theirs = await conversationOf(other.id);
  const total = 1_700;
  await tenant.models.Message.insertMany(Array.from({ length: total }, (_, n) => message(theirs, n)));
  await merge(base.id, other.id);
  const mine = { conversationId: ours._id, leadId: new Types.ObjectId(base.id) };
  expect(await tenant.models.Message.countDocuments(mine)).toBe(500);
  const newest = await tenant.models.Message.findOne(mine).sort({ sentAt: -1 }).lean();
  expect(newest?.text).toBe(`message ${total - 1}`);
  // a writer that was at it when the leads were merged
  await tenant.models.Note.create({
    leadId: new Types.ObjectId(other.id),
    text: "late",
    author: { type: "user", id: "maria" },
    createdAt: at,
  });
  await drainAll(async () => {});
  expect(await tenant.models.Message.countDocuments(mine)).toBe(total);
  await moveClock({ byMs: 61_000 });
  await drainAll(async () => {});
  expect(await tenant.models.Note.countDocuments({ leadId: new Types.ObjectId(base.id) })).toBe(1);
  expect((await tenant.models.Lead.findById(other.id).lean())?.merging).toBeNull();
});

test("rows of every model that names a lead are moved", async () => {
  const base = await newLead(tenant);
  const other = await newLead(tenant);
  const from = new Types.ObjectId(other.id);
  const schemas: Record<string, { readonly paths: object }> = crmSchemas;
  const named = Object.entries(schemas).filter(([, { paths }]) => Object.hasOwn(paths, "leadId"));
  expect(named.length).toBeGreaterThan(10);
  // by the bare driver: the move looks at the leadId alone
  const plain = named
    .map(([name]) => name)
    .filter(
      (name) => !["Conversation", "Message", "AutomationRun", "ContactIdentity", "Erasure"].includes(name),
    );
  for (const [name, model] of Object.entries(tenant.models)) {
    if (!plain.includes(name)) continue;
    await model.collection.insertOne({
      leadId: from,
      leftAt: at,
      eventId: other.id,
      effectKey: other.id,
      key: other.id,
      route: "x",
      ruleId: from,
    });
  }
  await merge(base.id, other.id);
  const left: string[] = [];
  for (const [name, model] of Object.entries(tenant.models)) {
    if (!plain.includes(name)) continue;
    const rows = await model.collection.find({ leadId: from }).toArray();
    if (rows.some(({ type, action }) => (action ?? type) !== "lead_deleted")) left.push(name);
  }
  expect(left).toEqual([]);
});

test("of two people of a broadcast who become one, the place with a message stays", async () => {
  const base = await newLead(tenant);
  const other = await newLead(tenant);
  const place = (broadcastId: Types.ObjectId, { id }: { id: string }, state: "sent" | "pending") =>
    tenant.models.BroadcastRecipient.create({ broadcastId, leadId: new Types.ObjectId(id), state });
  const [first, second, third] = [new Types.ObjectId(), new Types.ObjectId(), new Types.ObjectId()];
  await place(first, base, "pending");
  await place(first, other, "sent");
  await place(second, base, "sent");
  await place(second, other, "pending");
  await place(third, other, "pending");
  await merge(base.id, other.id);
  const rows = await tenant.models.BroadcastRecipient.find({
    broadcastId: trusted({ $in: [first, second, third] }),
  }).lean();
  expect(rows.map(({ leadId }) => leadId.toHexString())).toEqual([base.id, base.id, base.id]);
  const states = new Map(rows.map(({ broadcastId, state }) => [broadcastId.toHexString(), state]));
  expect([first, second, third].map((id) => states.get(id.toHexString()))).toEqual([
    "sent",
    "sent",
    "pending",
  ]);
});
