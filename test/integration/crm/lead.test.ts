import type * as z from "zod";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead, stagesOf, takeEvents } from "./crm.tenant";

const leadPage = pageSchema(leadSchema);
let tenant: CrmTenant;
let other: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
  other = await crmTenant();
  for (const key of ["maria", "rosa", "olga"])
    await tenant.api.post("/api/crm/users", { key, name: key, email: `${key}@example.com` });
});
beforeEach(() => {
  tenant.events.length = 0;
});
afterAll(closeAllConnections);

test("a new lead starts at the top of the default pipeline's first open stage, with its phone in E.164", async () => {
  const stages = await stagesOf(tenant);
  const lead = await newLead(tenant, {
    firstName: "Ana",
    lastName: "Souza",
    phone: "(11) 98765-4321",
    email: "Ana@Example.com",
    tags: ["fair2026", "fair2026"],
    custom: { plan: "gold" },
    externalIds: { shop: "C-1" },
    value: { amount: 1500, currency: "BRL" },
  });
  expect(lead).toMatchObject({
    displayName: "Ana Souza",
    phone: "+5511987654321",
    phoneCountry: "BR",
    email: "ana@example.com",
    tags: ["fair2026"],
    stageId: stages.new,
    status: "open",
    version: 1,
    externalIds: { shop: "C-1" },
  });
  expect(takeEvents(tenant)).toEqual(["lead_created", "stage_enter"]);
  const later = await newLead(tenant);
  expect(later.rank && lead.rank && later.rank < lead.rank).toBe(true);
});

test("reading a lead gives its ETag, and another tenant's caller finds nothing", async () => {
  const lead = await newLead(tenant);
  const answer = await tenant.api.get(`/api/crm/leads/${lead.id}`);
  expect(answer.headers.etag).toBe('"1"');
  expect(answer.as(leadSchema)).toEqual(lead);
  for (const call of [
    { method: "GET", path: `/api/crm/leads/${lead.id}` },
    { method: "PATCH", path: `/api/crm/leads/${lead.id}`, json: { firstName: "Stolen" } },
    { method: "DELETE", path: `/api/crm/leads/${lead.id}` },
    { method: "POST", path: `/api/crm/leads/${lead.id}/tags`, json: { tags: ["x"] } },
    { method: "POST", path: `/api/crm/leads/${lead.id}/notes`, json: { text: "x" } },
    { method: "GET", path: `/api/crm/leads/${lead.id}/activities` },
  ]) {
    const refused = await other.api.send(call);
    expect([call, refused.status, refused.problem().code]).toEqual([call, 404, "not-found"]);
  }
  expect((await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema)).toEqual(lead);
});

test("a second lead with the same phone in another spelling is refused and names the first", async () => {
  const lead = await newLead(tenant, { firstName: "Bia", phone: "+55 21 99876-1234" });
  for (const phone of ["+552198761234", "021 99876 1234", "+55 (21) 99876-1234"]) {
    const answer = await tenant.api.post("/api/crm/leads", { firstName: "Twin", phone });
    expect([phone, answer.status]).toEqual([phone, 409]);
    expect(answer.json()).toMatchObject({ code: "duplicate", leadId: lead.id });
  }
});

test("e-mail and external ids are unique too", async () => {
  const lead = await newLead(tenant, { email: "one@example.com", externalIds: { crm: "77" } });
  const byEmail = await tenant.api.post("/api/crm/leads", { email: "ONE@example.com" });
  expect([byEmail.status, byEmail.json()]).toEqual([409, expect.objectContaining({ leadId: lead.id })]);
  const byId = await tenant.api.post("/api/crm/leads", { firstName: "X", externalIds: { crm: "77" } });
  expect([byId.status, byId.json()]).toEqual([409, expect.objectContaining({ leadId: lead.id })]);
});

test("of 50 parallel creates with one phone one makes the lead and the others name it", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      tenant.api.post("/api/crm/leads", { firstName: `Racer ${n}`, phone: "+5511955550000" }),
    ),
  );
  const created = answers.filter(({ status }) => status === 201);
  expect(created).toHaveLength(1);
  const id = created[0]?.as(leadSchema).id;
  for (const answer of answers.filter(({ status }) => status !== 201))
    expect(answer.json()).toMatchObject({ status: 409, code: "duplicate", leadId: id });
});

test.each([
  ["a phone in letters", { phone: "CALL-ME-NOW" }, 422, "invalid-phone"],
  ["a phone with an emoji", { phone: "+55 11 9876😀4321" }, 422, "invalid-phone"],
  ["a phone of 50 digits", { phone: `+55${"1".repeat(50)}` }, 422, "invalid-phone"],
  ["a query operator as phone", { phone: { $ne: null } }, 400, "validation-failed"],
  ["a lead without any name or address", { tags: ["x"] }, 400, "validation-failed"],
  ["a field of ours", { firstName: "A", status: "won" }, 400, "validation-failed"],
  ["an operator as custom field", { firstName: "A", custom: { $set: 1 } }, 400, "validation-failed"],
  ["a path as custom field", { firstName: "A", custom: { "a.b": 1 } }, 400, "validation-failed"],
  [
    "an inherited name as custom field",
    { firstName: "A", custom: { constructor: 1 } },
    400,
    "validation-failed",
  ],
  ["an unknown stage", { firstName: "A", stageId: "0".repeat(24) }, 422, "invalid-reference"],
  ["an unknown pipeline", { firstName: "A", pipelineId: "0".repeat(24) }, 422, "invalid-reference"],
  ["a wrong time zone", { firstName: "A", timezone: "Mars/Olympus" }, 400, "validation-failed"],
])("creating a lead with %s is refused", async (_what, fields, status, code) => {
  const answer = await tenant.api.post("/api/crm/leads", fields);
  expect([answer.status, answer.problem().code]).toEqual([status, code]);
  expect(answer.problem().errors?.length).toBeGreaterThan(0);
});

test("another tenant's stage cannot be named", async () => {
  const foreign = (await stagesOf(other)).proposal;
  const created = await tenant.api.post("/api/crm/leads", { firstName: "A", stageId: foreign });
  expect([created.status, created.problem().code]).toEqual([422, "invalid-reference"]);
  const lead = await newLead(tenant);
  const moved = await tenant.api.post(`/api/crm/leads/${lead.id}/move`, { stageId: foreign });
  expect([moved.status, moved.problem().code]).toEqual([422, "invalid-reference"]);
});

test("a merge patch changes what it names, removes what is null and tells what changed", async () => {
  const lead = await newLead(tenant, {
    firstName: "Caio",
    company: "Sol",
    custom: { plan: "gold", size: 3 },
    tags: ["a"],
    externalIds: { shop: "1", erp: "2" },
  });
  tenant.events.length = 0;
  const answer = await tenant.api.patch(`/api/crm/leads/${lead.id}`, {
    firstName: "Caetano",
    company: null,
    custom: { plan: null, color: "red" },
    tags: ["b"],
    externalIds: { erp: null },
    ownerId: "maria",
  });
  expect(answer.as(leadSchema)).toMatchObject({
    version: 2,
    displayName: "Caetano",
    company: null,
    custom: { size: 3, color: "red" },
    tags: ["b"],
    externalIds: { shop: "1" },
    ownerId: "maria",
  });
  const [updated] = tenant.events;
  expect(Object.keys(updated?.changes ?? {}).sort()).toEqual([
    "company",
    "custom",
    "displayName",
    "externalIds",
    "firstName",
    "ownerId",
  ]);
  expect(updated?.changes?.company).toEqual({ from: "Sol", to: null });
  expect(takeEvents(tenant)).toEqual([
    "lead_updated",
    "owner_changed",
    "tag_added",
    "tag_removed",
    "notification_created",
  ]);
});

test("an owner is somebody who works for the tenant, and is told of a lead that is new to them", async () => {
  const told = () => tenant.models.Notification.countDocuments({ userId: "olga", kind: "lead_assigned" });
  const before = await told();
  const refusals = [
    await tenant.api.post("/api/crm/leads", { firstName: "Nobody's", ownerId: "ghost" }),
    await tenant.api.patch(`/api/crm/leads/${(await newLead(tenant)).id}`, { ownerId: "ghost" }),
  ];
  for (const refused of refusals)
    expect(refused.problem()).toMatchObject({
      status: 422,
      code: "invalid-reference",
      errors: [{ pointer: "/ownerId" }],
    });
  const lead = await newLead(tenant, { firstName: "Owned", ownerId: "olga" });
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { ownerId: "olga", company: "Sol" });
  expect((await told()) - before).toBe(1);
});

test("a patch that changes nothing makes no version and no event", async () => {
  const lead = await newLead(tenant, { firstName: "Dora", phone: "+5511933330001" });
  tenant.events.length = 0;
  const answer = await tenant.api.patch(`/api/crm/leads/${lead.id}`, {
    firstName: "Dora",
    phone: "+5511933330001",
  });
  expect(answer.as(leadSchema)).toEqual(lead);
  expect(takeEvents(tenant)).toEqual([]);
});

test("every change of one lead minds If-Match: its tags, its restoring", async () => {
  const lead = await newLead(tenant, { firstName: "Tagged", tags: ["a"] });
  const path = `/api/crm/leads/${lead.id}`;
  const stale = { "if-match": '"9"' };
  const answers = [
    await tenant.api.post(`${path}/tags`, { tags: ["b"] }, stale),
    await tenant.api.delete(`${path}/tags?tag=a`, stale),
    await tenant.api.delete(path, { "if-match": '"1"' }),
    await tenant.api.post(`${path}/restore`, undefined, stale),
  ];
  expect(answers.map(({ status }) => status)).toEqual([412, 412, 204, 412]);
  const restored = await tenant.api.post(`${path}/restore`, undefined, { "if-match": '"2"' });
  expect(restored.as(leadSchema)).toMatchObject({ version: 3, tags: ["a"] });
});

test("a stale If-Match is refused with the current state and changes nothing", async () => {
  const lead = await newLead(tenant);
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { company: "New" }, { "if-match": '"1"' });
  const stale = await tenant.api.patch(
    `/api/crm/leads/${lead.id}`,
    { company: "Old" },
    { "if-match": '"1"' },
  );
  expect(stale.status).toBe(412);
  expect(stale.json()).toMatchObject({
    code: "precondition-failed",
    current: { id: lead.id, version: 2, company: "New" },
  });
});

test("changing a phone frees the old one and is refused when the new one is taken", async () => {
  const one = await newLead(tenant, { firstName: "E", phone: "+5511944440001" });
  const two = await newLead(tenant, { firstName: "F", phone: "+5511944440002" });
  const taken = await tenant.api.patch(`/api/crm/leads/${two.id}`, { phone: "+5511944440001" });
  expect(taken.json()).toMatchObject({ status: 409, leadId: one.id });
  expect((await tenant.api.patch(`/api/crm/leads/${one.id}`, { phone: "+5511944440003" })).status).toBe(200);
  expect((await tenant.api.patch(`/api/crm/leads/${two.id}`, { phone: "+5511944440001" })).status).toBe(200);
});

test("tags come and go with one event each, and only when they do", async () => {
  const lead = await newLead(tenant, { firstName: "G", tags: ["a"] });
  tenant.events.length = 0;
  const path = `/api/crm/leads/${lead.id}/tags`;
  expect((await tenant.api.post(path, { tags: ["a", "b", "c"] })).as(leadSchema).tags).toEqual([
    "a",
    "b",
    "c",
  ]);
  const removed = await tenant.api.send({ method: "DELETE", path, json: { tags: ["a"] } });
  expect(removed.as(leadSchema).tags).toEqual(["b", "c"]);
  expect((await tenant.api.delete(`${path}?tag=b&tag=z`)).as(leadSchema).tags).toEqual(["c"]);
  expect(takeEvents(tenant)).toEqual(["tag_added", "tag_added", "tag_removed", "tag_removed"]);
});

test("a deleted lead is gone from reads and lists, frees its phone, and comes back by restore", async () => {
  const lead = await newLead(tenant, { firstName: "H", phone: "+5511966660001" });
  expect((await tenant.api.delete(`/api/crm/leads/${lead.id}`)).status).toBe(204);
  expect((await tenant.api.get(`/api/crm/leads/${lead.id}`)).status).toBe(404);
  expect((await tenant.api.delete(`/api/crm/leads/${lead.id}`)).status).toBe(404);
  const found = await tenant.api.get("/api/crm/leads?phone=%2B5511966660001");
  expect(found.as(leadPage).data).toEqual([]);

  const heir = await newLead(tenant, { firstName: "I", phone: "+5511966660001" });
  const refused = await tenant.api.post(`/api/crm/leads/${lead.id}/restore`);
  expect(refused.json()).toMatchObject({ status: 409, leadId: heir.id });
  await tenant.api.delete(`/api/crm/leads/${heir.id}`);
  const restored = await tenant.api.post(`/api/crm/leads/${lead.id}/restore`);
  expect(restored.as(leadSchema)).toMatchObject({ id: lead.id, phone: "+5511966660001" });
});

test("pages of a list hold every lead once, and a cursor works with its own filter only", async () => {
  const source = "page_test";
  for (let n = 0; n < 7; n += 1) await newLead(tenant, { firstName: `P${n}`, source });
  for (const sort of ["-createdAt", "createdAt", "-updatedAt", "updatedAt"]) {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/api/crm/leads?source=${source}&sort=${sort}&limit=3${cursor ? `&cursor=${cursor}` : ""}`;
      const page: z.output<typeof leadPage> = (await tenant.api.get(path)).as(leadPage);
      seen.push(...page.data.map(({ displayName }) => displayName));
      expect(page.hasMore).toBe(page.nextCursor !== null);
      cursor = page.nextCursor;
    } while (cursor);
    const names = ["P0", "P1", "P2", "P3", "P4", "P5", "P6"];
    expect([sort, seen]).toEqual([sort, sort.startsWith("-") ? names.toReversed() : names]);
  }
  const first = (await tenant.api.get(`/api/crm/leads?source=${source}&limit=3`)).as(leadPage);
  const foreign = await tenant.api.get(`/api/crm/leads?source=other&limit=3&cursor=${first.nextCursor}`);
  expect([foreign.status, foreign.problem().code]).toEqual([400, "invalid-cursor"]);
});

test("lists filter by phone in any spelling, e-mail, owner, tag, stage, status and time", async () => {
  const lead = await newLead(tenant, {
    firstName: "Filter",
    phone: "+5531987654321",
    email: "filter@example.com",
    ownerId: "rosa",
    tags: ["filter"],
    source: "fair",
  });
  for (const query of [
    "phone=%2B553187654321",
    "phone=+5531987654321",
    "phone=31987654321",
    "email=Filter@example.com",
    "ownerId=rosa",
    "tag=filter",
    `stageId=${lead.stageId}&tag=filter&sort=rank`,
    `pipelineId=${lead.pipelineId}&source=fair`,
    `status=open&createdAfter=${lead.createdAt}&ownerId=rosa`,
    `updatedAfter=${lead.updatedAt}&tag=filter`,
  ]) {
    const { data } = (await tenant.api.get(`/api/crm/leads?${query}`)).as(leadPage);
    expect([query, data.map(({ id }) => id)]).toEqual([query, [lead.id]]);
  }
  for (const query of [
    "limit=0",
    "limit=101",
    "limit=ten",
    "status[$gt]=",
    "sort=name",
    "sort=rank",
    "tag=",
  ]) {
    const answer = await tenant.api.get(`/api/crm/leads?${query}`);
    expect([query, answer.status]).toEqual([query, 400]);
  }
});

test("the timeline shows what happened, newest first, with the text of notes", async () => {
  const lead = await newLead(tenant);
  await tenant.api.post(`/api/crm/leads/${lead.id}/notes`, { text: "Prefers afternoons." });
  await tenant.api.post(`/api/crm/leads/${lead.id}/tags`, { tags: ["hot"] });
  const answer = await tenant.api.get(`/api/crm/leads/${lead.id}/activities`);
  expect(answer.json()).toMatchObject({
    data: [
      { type: "tag_added", data: { tag: "hot" } },
      { type: "note_added", ref: { type: "note" }, data: { text: "Prefers afternoons." } },
      { type: "stage_enter" },
      { type: "lead_created" },
    ],
    hasMore: false,
  });
  expect(JSON.stringify(tenant.events)).not.toContain("Prefers afternoons");
});

test("a create repeated with its Idempotency-Key answers the same lead again", async () => {
  const key = { "idempotency-key": "create-1" };
  const first = await tenant.api.post("/api/crm/leads", { firstName: "Once" }, key);
  const again = await tenant.api.post("/api/crm/leads", { firstName: "Once" }, key);
  expect(again.headers["idempotency-replayed"]).toBe("true");
  expect(again.json()).toEqual(first.json());
});

test("an upsert by phone creates once and changes after that, in any spelling of the number", async () => {
  const put = (spelling: string, fields: Record<string, unknown>) =>
    tenant.api.put(`/api/crm/leads/by-phone/${encodeURIComponent(spelling)}`, fields);
  const first = await put("+5541987650001", { firstName: "Up", custom: { plan: "gold", size: null } });
  const made = first.as(leadSchema);
  expect([first.status, first.headers.location]).toEqual([201, `/api/crm/leads/${made.id}`]);
  expect(made).toMatchObject({ version: 1, phone: "+5541987650001", custom: { plan: "gold" } });
  const again = await put("+554187650001", { firstName: "Up", custom: { plan: "gold" } });
  expect([again.status, again.as(leadSchema)]).toEqual([200, made]);
  const changed = await put("(41) 98765-0001", { firstName: "Upsert", custom: { plan: null } });
  expect(changed.as(leadSchema)).toMatchObject({ id: made.id, version: 2, firstName: "Upsert", custom: {} });
  const wrong = await put("nonsense", { firstName: "X" });
  expect([wrong.status, wrong.problem().errors?.[0]?.pointer]).toEqual([422, "/path/e164"]);
  expect((await put("+5541987650001", { phone: "+5541987650002" })).status).toBe(400);
});

test("an upsert by external id creates once, keeps the id and is refused for another lead's phone", async () => {
  const put = (id: string, fields: Record<string, unknown>) =>
    tenant.api.put(`/api/crm/leads/by-external/erp/${id}`, fields);
  const fields = { firstName: "Ext", phone: "+5541987650010" };
  const answers = await Promise.all(Array.from({ length: 5 }, () => put("E-1", fields)));
  const ids = new Set(answers.map((answer) => answer.as(leadSchema).id));
  expect(ids.size).toBe(1);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers[0]?.as(leadSchema)).toMatchObject({ version: 1, externalIds: { erp: "E-1" } });
  const taken = await put("E-2", fields);
  expect(taken.json()).toMatchObject({ status: 409, leadId: [...ids][0] });
});
