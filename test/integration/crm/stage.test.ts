import { Types } from "mongoose";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { lostReasonSchema } from "../../../src/contracts/lost.reason.contract";
import { pipelineSchema } from "../../../src/contracts/pipeline.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { sweepClosingStages } from "../../../src/services/saas/crm/pipeline.clear";
import { sweepStalledLeads } from "../../../src/services/saas/crm/stage.stalled";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, stagesOf, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;
let stages: Record<string, string>;
let path: string;

beforeAll(async () => {
  tenant = await crmTenant();
  stages = await stagesOf(tenant);
  const pipeline = await tenant.models.Pipeline.findOne({ isDefault: true }).orFail();
  path = `/api/crm/pipelines/${pipeline._id.toHexString()}`;
});
afterAll(closeAllConnections);

const move = (id: string, body: Record<string, unknown>) =>
  tenant.api.post(`/api/crm/leads/${id}/move`, body);
const change = async (stage: string, patch: Record<string, unknown>) =>
  expect((await tenant.api.patch(`${path}/stages/${stages[stage]}`, patch)).status).toBe(200);

test("a stage lets in as many leads as its limit, also of parallel moves, and says so to the others", async () => {
  await change("contacted", { wipLimit: 2 });
  const leads = await Promise.all(Array.from({ length: 5 }, () => newLead(tenant)));
  const answers = await Promise.all(leads.map(({ id }) => move(id, { stageId: stages.contacted })));
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 200, 422, 422, 422]);
  const refused = answers.find(({ status }) => status === 422)?.problem();
  expect(refused).toMatchObject({ code: "stage-full", detail: expect.stringContaining("2 leads") });
  const inside = leads[answers.findIndex(({ status }) => status === 200)];
  expect((await move(inside?.id ?? "", { stageId: stages.contacted })).status).toBe(200);
});

test("a stage asks for its required fields with a pointer per field, and takes the lead that has them", async () => {
  await change("proposal", { requiredFields: ["value", "email", "custom.plan"] });
  const lead = await newLead(tenant, { firstName: "Ana", email: "ana@x.com" });
  const refused = (await move(lead.id, { stageId: stages.proposal })).problem();
  expect(refused).toMatchObject({
    code: "missing-fields",
    errors: [{ pointer: "/value" }, { pointer: "/custom/plan" }],
  });
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, {
    value: { amount: 5, currency: "EUR" },
    custom: { plan: "gold" },
  });
  expect((await move(lead.id, { stageId: stages.proposal })).status).toBe(200);
});

test("a new lead that names a stage minds its limit and fields; who starts where new leads start is never refused", async () => {
  await change("qualified", { wipLimit: 1, requiredFields: ["email"] });
  const put = (lead: Record<string, unknown>) =>
    tenant.api.post("/api/crm/leads", { firstName: "Put", stageId: stages.qualified, ...lead });
  expect((await put({})).problem()).toMatchObject({
    code: "missing-fields",
    errors: [{ pointer: "/email" }],
  });
  expect((await put({ email: "first@stage.example" })).status).toBe(201);
  expect((await put({ email: "second@stage.example" })).problem().code).toBe("stage-full");
  await change("new", { wipLimit: 1 });
  await newLead(tenant);
  await newLead(tenant);
  await change("new", { wipLimit: null });
  await change("qualified", { wipLimit: null, requiredFields: [] });
});

test("lost reasons are a list with keys; a lost stage may ask for one of it", async () => {
  const lead = await newLead(tenant);
  expect((await move(lead.id, { stageId: stages.lost, lostReason: "anything" })).status).toBe(200);
  await move(lead.id, { stageId: stages.new });
  const made = (await tenant.api.post("/api/crm/lost-reasons", { name: "Preço alto" })).as(lostReasonSchema);
  expect(made).toMatchObject({ key: "preco_alto", order: 0 });
  expect((await tenant.api.post("/api/crm/lost-reasons", { name: "P", key: "preco_alto" })).status).toBe(409);
  const unknown = (await move(lead.id, { stageId: stages.lost, lostReason: "anything" })).problem();
  expect(unknown).toMatchObject({ code: "invalid-reference", errors: [{ pointer: "/lostReason" }] });
  await change("lost", { requiredFields: ["lostReason"] });
  expect((await move(lead.id, { stageId: stages.lost })).problem()).toMatchObject({
    code: "missing-fields",
    errors: [{ pointer: "/lostReason" }],
  });
  takeEvents(tenant);
  const lost = await move(lead.id, { stageId: stages.lost, lostReason: "preco_alto" });
  expect(lost.as(leadSchema)).toMatchObject({ status: "lost", lostReason: "preco_alto" });
  expect(tenant.events.find(({ type }) => type === "lost")?.data).toMatchObject({ lostReason: "preco_alto" });
  const reason = `/api/crm/lost-reasons/${made.id}`;
  expect((await tenant.api.patch(reason, { archived: true })).as(lostReasonSchema).version).toBe(2);
  const other = await newLead(tenant);
  expect((await move(other.id, { stageId: stages.lost, lostReason: "preco_alto" })).status).toBe(422);
  expect((await tenant.api.delete(reason)).status).toBe(204);
});

test("a lead that stands in a stage for too long is told once per stay", async () => {
  await change("qualified", { rottingDays: 10 });
  const [old, young] = [await newLead(tenant), await newLead(tenant)];
  for (const { id } of [old, young]) await move(id, { stageId: stages.qualified });
  const stood = (days: number) => new Date(tenant.ctx.now().getTime() - days * 24 * 60 * 60_000);
  const stand = (id: string, days: number) =>
    tenant.models.Lead.updateOne({ _id: new Types.ObjectId(id) }, { $set: { stageEnteredAt: stood(days) } });
  await stand(old.id, 10);
  await stand(young.id, 9);
  takeEvents(tenant);
  expect(await sweepStalledLeads(tenant.ctx)).toEqual({ taken: 1 });
  expect(tenant.events.map(({ type, subject, data }) => ({ type, subject, data }))).toEqual([
    {
      type: "stage_stalled",
      subject: { leadId: old.id },
      data: expect.objectContaining({ toStageKey: "qualified", pipelineKey: "sales", rottingDays: 10 }),
    },
  ]);
  expect(await sweepStalledLeads(tenant.ctx)).toEqual({ taken: 0 });
  const told = (await tenant.api.get(`/api/crm/leads/${old.id}`)).as(leadSchema);
  expect(told).toMatchObject({ stalledAt: expect.any(String), version: 3 });
  await move(old.id, { stageId: stages.new });
  expect((await move(old.id, { stageId: stages.qualified })).as(leadSchema).stalledAt).toBeNull();
  await stand(old.id, 11);
  expect(await sweepStalledLeads(tenant.ctx)).toEqual({ taken: 1 });
});

test("a large stage is emptied by a job, in order, with its history; it takes no more leads meanwhile", async () => {
  const body = { name: "Big", stages: [{ name: "From" }, { name: "To" }, { name: "Lost", type: "lost" }] };
  const big = (await tenant.api.post("/api/crm/pipelines", body)).as(pipelineSchema);
  const [from, to] = big.stages.map(({ id }) => id);
  const text = ["name,phone", ...Array.from({ length: 205 }, (_, n) => `B${n},+35191${1_000_000 + n}`)].join(
    "\n",
  );
  await tenant.api.post("/api/crm/imports", { text, mode: "commit", defaults: { stageId: from } });
  await drainAll();
  const deleted = await tenant.api.delete(`/api/crm/pipelines/${big.id}/stages/${from}?moveLeadsTo=${to}`);
  expect(deleted.status).toBe(200);
  expect(deleted.as(pipelineSchema).stages[0]).toMatchObject({
    archived: true,
    closing: { moveLeadsTo: to, total: 205, moved: 0 },
  });
  expect((await tenant.api.post("/api/crm/leads", { firstName: "Late", stageId: from })).status).toBe(422);
  expect((await sweepClosingStages(tenant.ctx)).taken).toBe(1);
  await drainAll();
  const after = (await tenant.api.get(`/api/crm/pipelines/${big.id}`)).as(pipelineSchema);
  expect(after.stages.map(({ key, closing }) => [key, closing])).toEqual([
    ["to", null],
    ["lost", null],
  ]);
  const inStage = await tenant.models.Lead.find({ stageId: new Types.ObjectId(to) })
    .sort({ rank: 1 })
    .lean();
  expect(inStage.map(({ displayName }) => displayName)).toEqual(
    Array.from({ length: 205 }, (_, n) => `B${n}`),
  );
  const stays = await tenant.models.StageHistory.find({ leadId: inStage[7]?._id ?? null })
    .sort({ enteredAt: 1 })
    .lean();
  expect(stays.map(({ leftAt, durationMs }) => [leftAt !== null, durationMs !== null])).toEqual([
    [true, true],
    [false, false],
  ]);
  await tenant.api.post("/api/crm/lost-reasons", { name: "Price" });
  const regained = await newLead(tenant, { firstName: "Regained", stageId: to });
  const lost = big.stages[2]?.id;
  await tenant.api.post(`/api/crm/leads/${regained.id}/move`, { stageId: lost, lostReason: "price" });
  const byReason = { condition: { all: [{ field: "lead.lostReasonKey", op: "equals", value: "price" }] } };
  const search = () => tenant.api.post("/api/crm/leads/search", byReason);
  expect((await search()).json()).toMatchObject({ data: [{ id: regained.id }] });
  await tenant.api.delete(`/api/crm/pipelines/${big.id}/stages/${lost}?moveLeadsTo=${to}`);
  await drainAll();
  expect((await search()).json()).toMatchObject({ data: [] });
  const gone = await tenant.api.delete(`/api/crm/pipelines/${big.id}?moveLeadsTo=${stages.new}`);
  expect([gone.status, gone.as(pipelineSchema.nullable())?.deleting]).toEqual([200, true]);
  const kept = await tenant.api.patch(`/api/crm/pipelines/${big.id}`, { isDefault: true });
  expect([kept.status, kept.problem().code]).toEqual([422, "invalid-state"]);
  await drainAll();
  expect((await tenant.api.get(`/api/crm/pipelines/${big.id}`)).status).toBe(404);
  const page = await tenant.api.get(`/api/crm/leads?stageId=${stages.new}&limit=100`);
  expect(page.as(pageSchema(leadSchema)).hasMore).toBe(true);
});
