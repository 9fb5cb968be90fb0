import { pageSchema } from "../../../src/contracts/common.contract";
import { customFieldSchema } from "../../../src/contracts/custom.field.contract";
import { leadBatchResultSchema } from "../../../src/contracts/lead.batch.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { leadDuplicatesSchema } from "../../../src/contracts/lead.duplicate.contract";
import { foundLeadSchema } from "../../../src/contracts/lead.search.contract";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, stagesOf } from "./crm.tenant";

const found = pageSchema(foundLeadSchema);
let tenant: CrmTenant;

beforeAll(async () => {
  await migrateCentral();
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const search = (body: object) => tenant.api.post("/api/crm/leads/search", body);
const idsOf = async (body: object) => (await search(body)).as(found).data.map(({ id }) => id);

test("words are found from their beginning, without case and accents, in names, company, e-mail and phone", async () => {
  const lead = await newLead(tenant, {
    firstName: "Conceição",
    lastName: "D'Ávila",
    company: "Padaria São João",
    email: "ceica.avila@padaria.example",
    phone: "+5511976543210",
  });
  for (const query of [
    "conceicao",
    "CONCEI avil",
    "sao padar",
    "ceica.avila@pad",
    "+55 11 97654",
    "43210",
    "padaria.example",
  ])
    expect([query, await idsOf({ query })]).toEqual([query, [lead.id]]);
  for (const query of ["nceicao", "conceicao silva", "976999"])
    expect([query, await idsOf({ query })]).toEqual([query, []]);
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { firstName: "Beatriz" });
  expect(await idsOf({ query: "conceicao" })).toEqual([]);
  expect(await idsOf({ query: "beatriz" })).toEqual([lead.id]);
  await tenant.api.delete(`/api/crm/leads/${lead.id}`);
  expect(await idsOf({ query: "beatriz" })).toEqual([]);
});

test("texts that no pattern may hold as they are find nothing, and no error", async () => {
  expect(await idsOf({ query: "no\u0000body@" })).toEqual([]);
  for (const op of ["contains", "starts_with", "ends_with"])
    expect(await idsOf({ condition: { field: "lead.company", op, value: "no\u0000$(.*)+\\body" } })).toEqual(
      [],
    );
});

test("a condition finds leads by their own fields, their stage and filterable fields of the tenant's", async () => {
  const stages = await stagesOf(tenant);
  const gold = await newLead(tenant, {
    firstName: "Gold",
    tags: ["Search"],
    custom: { tier: "Gold", seats: 12 },
  });
  const tin = await newLead(tenant, {
    firstName: "Tin",
    tags: ["search"],
    custom: { tier: "Tin", seats: 3 },
    stageId: stages.qualified,
  });
  const tagged = { field: "lead.tags", op: "any_of", value: ["SEARCH"] };
  expect(new Set(await idsOf({ condition: tagged }))).toEqual(new Set([gold.id, tin.id]));
  const qualified = { field: "lead.stageKey", op: "equals", value: "qualified" };
  expect(await idsOf({ condition: { all: [tagged, qualified] } })).toEqual([tin.id]);
  expect(await idsOf({ condition: { all: [tagged, { not: qualified }] }, query: "gol" })).toEqual([gold.id]);

  const bySeats = { all: [tagged, { field: "lead.custom.seats", op: "gte", value: 10 }] };
  const unknown = await search({ condition: bySeats });
  expect(unknown.problem()).toMatchObject({
    status: 400,
    errors: [{ pointer: "/condition/all/1/field", code: "unknown-field" }],
  });
  const seats = (
    await tenant.api.post("/api/crm/custom-fields", { key: "seats", name: "Seats", type: "number" })
  ).as(customFieldSchema);
  expect((await search({ condition: bySeats })).problem().errors?.[0]?.detail).toMatch(/filterable/);
  await tenant.api.patch(`/api/crm/custom-fields/${seats.id}`, { filterable: true });
  await drainAll(async () => {});
  expect(await idsOf({ condition: bySeats })).toEqual([gold.id]);
  await tenant.api.patch(`/api/crm/leads/${tin.id}`, { custom: { seats: 20 } });
  expect(new Set(await idsOf({ condition: bySeats }))).toEqual(new Set([gold.id, tin.id]));
});

test("a search shows the fields asked for, with owner and stage beside their ids, page by page", async () => {
  const leads = [];
  for (const n of [1, 2, 3]) leads.push(await newLead(tenant, { firstName: `Paged${n}`, score: n * 10 }));
  const body = {
    query: "paged",
    sort: "-score",
    fields: ["displayName"],
    expand: ["stage", "owner"],
    limit: 2,
  };
  const first = (await search(body)).as(found);
  expect(first.data).toEqual(
    [leads[2], leads[1]].map((lead) => ({
      id: lead?.id,
      version: 1,
      displayName: lead?.displayName,
      owner: null,
      stage: expect.objectContaining({ id: lead?.stageId, key: "new", pipelineKey: "sales" }),
    })),
  );
  const second = (await search({ ...body, cursor: first.nextCursor })).as(found);
  expect([second.data.map(({ id }) => id), second.hasMore]).toEqual([[leads[0]?.id], false]);
  const other = await search({ ...body, query: "other", cursor: first.nextCursor });
  expect(other.problem().code).toBe("invalid-cursor");
  expect((await search({ fields: ["passwords"] })).status).toBe(400);
});

test("a batch tells each row's own result, and a repeated one the same", async () => {
  const there = await newLead(tenant, { firstName: "There", phone: "+5511955550001" });
  const gone = await newLead(tenant);
  const body = {
    operations: [
      { op: "create", lead: { firstName: "Batch", phone: "+5511955550002" } },
      { op: "create", lead: { firstName: "Twin", phone: "+5511955550001" } },
      { op: "create", lead: { email: "not an address" } },
      { op: "update", id: there.id, lead: { company: "Sol" }, ifMatch: 1 },
      { op: "update", id: there.id, lead: { company: "Lua" }, ifMatch: 1 },
      { op: "upsert", by: { phone: "+5511955550002" }, lead: { company: "Mar" } },
      { op: "upsert", by: { externalId: { system: "erp", id: "B-1" } }, lead: { firstName: "New" } },
      { op: "delete", id: gone.id },
      { op: "delete", id: gone.id },
      { op: "upsert", by: { externalId: { system: "erp", id: "B-1" } }, lead: { firstName: "New" } },
      { op: "create", lead: { phone: "12" } },
      { op: "upsert", by: { phone: "12" }, lead: {} },
    ],
  };
  const answer = await tenant.api.post("/api/crm/leads/batch", body, { "idempotency-key": "batch-1" });
  expect(answer.status).toBe(207);
  const { succeeded, failed, results } = answer.as(leadBatchResultSchema);
  expect([succeeded, failed]).toEqual([6, 6]);
  expect(results.map(({ status }) => status)).toEqual([
    201, 409, 400, 200, 412, 200, 201, 204, 404, 200, 422, 422,
  ]);
  expect(results.slice(10).map(({ problem }) => problem?.errors?.[0]?.pointer)).toEqual([
    "/operations/10/lead/phone",
    "/operations/11/by/phone",
  ]);
  expect(results[1]?.problem).toMatchObject({ code: "duplicate", leadId: there.id });
  expect(results[2]?.problem?.errors?.[0]?.pointer).toBe("/operations/2/lead/email");
  expect(results[4]?.problem).toMatchObject({ current: { id: there.id, version: 2 } });
  expect(results[5]?.lead).toMatchObject({ id: results[0]?.lead?.id, company: "Mar" });
  const again = await tenant.api.post("/api/crm/leads/batch", body, { "idempotency-key": "batch-1" });
  expect([again.headers["idempotency-replayed"], again.json()]).toEqual(["true", answer.json()]);
});

test("suspected duplicates share a name and company, a mailbox, or a number", async () => {
  const lead = await newLead(tenant, {
    firstName: "João",
    lastName: "Lima",
    company: "Sol",
    email: "jo.lima+x@gmail.com",
  });
  const both = await newLead(tenant, {
    firstName: "joao",
    lastName: "LIMA",
    company: "sol",
    email: "jolima@gmail.com",
  });
  const named = await newLead(tenant, { displayName: "Lima João", company: "Sol" });
  await newLead(tenant, { firstName: "João", lastName: "Lima", company: "Lua" });
  const { data } = (await tenant.api.get(`/api/crm/leads/${lead.id}/duplicates`)).as(leadDuplicatesSchema);
  expect(data.map((each) => [each.lead.id, each.reasons])).toEqual([
    [both.id, ["same_mailbox", "same_name"]],
    [named.id, ["same_name"]],
  ]);
});

test("of 50 parallel creates of one phone one makes the lead, and the others are told which it is", async () => {
  const spellings = ["+5511944443333", "(11) 94444-3333", "+55 11 4444-3333".replace("4444", "94444")];
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      tenant.api.post("/api/crm/leads", { firstName: `Racer ${n}`, phone: spellings[n % spellings.length] }),
    ),
  );
  const made = answers.filter(({ status }) => status === 201).map((answer) => answer.as(leadSchema));
  expect(made).toHaveLength(1);
  const refused = answers.filter(({ status }) => status === 409).map((answer) => answer.json());
  expect(refused).toHaveLength(49);
  for (const body of refused) expect(body).toMatchObject({ code: "duplicate", leadId: made[0]?.id });
});

test("parallel upserts by one external id make one lead that has what each of them told", async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      tenant.api.put("/api/crm/leads/by-external/erp/race", { firstName: "Up", custom: { [`k${n}`]: n } }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]));
  const ids = new Set(answers.map((answer) => answer.as(leadSchema).id));
  expect(ids.size).toBe(1);
  const [id] = ids;
  const lead = (await tenant.api.get(`/api/crm/leads/${id}`)).as(leadSchema);
  expect(Object.keys(lead.custom)).toHaveLength(12);
});
