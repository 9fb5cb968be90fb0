import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { pipelineMetricsSchema, pipelineSchema } from "../../../src/contracts/pipeline.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { ensureTenantDefaults } from "../../../src/services/saas/crm/tenant.defaults";
import { type CrmTenant, crmTenant, newLead, stagesOf, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
beforeEach(() => {
  takeEvents(tenant);
});
afterAll(closeAllConnections);

const base = "/api/crm/pipelines";

async function newPipeline(name: string, stages: Record<string, unknown>[]) {
  const answer = await tenant.api.post(base, { name, stages });
  expect(answer.status).toBe(201);
  return answer.as(pipelineSchema);
}

test("a new tenant has one default pipeline, however often its defaults are set up", async () => {
  await Promise.all([ensureTenantDefaults(tenant.ctx), ensureTenantDefaults(tenant.ctx)]);
  const { data } = (await tenant.api.get(base)).as(pageSchema(pipelineSchema));
  expect(data).toHaveLength(1);
  expect(data[0]).toMatchObject({ key: "sales", isDefault: true });
  expect(data[0]?.stages.map(({ key, type, order }) => [key, type, order])).toEqual([
    ["new", "open", 0],
    ["contacted", "open", 1],
    ["qualified", "open", 2],
    ["proposal", "open", 3],
    ["won", "won", 4],
    ["lost", "lost", 5],
  ]);
});

test("keys are made from names, and names and keys are taken once", async () => {
  const pipeline = await newPipeline("Pós-venda", [{ name: "Início" }, { name: "Início" }, { name: "!" }]);
  expect(pipeline.key).toBe("pos_venda");
  expect(pipeline.stages.map(({ key }) => key)).toEqual(["inicio", "inicio_2", "stage"]);
  const twin = await tenant.api.post(base, { name: "Pós-venda" });
  expect(twin.json()).toMatchObject({ status: 409, code: "duplicate", pipelineId: pipeline.id });
  const keys = {
    name: "K",
    stages: [
      { name: "A", key: "a" },
      { name: "B", key: "a" },
    ],
  };
  expect((await tenant.api.post(base, keys)).status).toBe(409);
  const closed = await tenant.api.post(base, { name: "Closed", stages: [{ name: "Won", type: "won" }] });
  expect([closed.status, closed.problem().code]).toEqual([422, "invalid-state"]);
});

test("a stage is added before the closing ones, renamed, and put in order, each with a new version", async () => {
  const made = await newPipeline("Flow", [{ name: "A" }, { name: "Won", type: "won" }]);
  const path = `${base}/${made.id}/stages`;
  const added = (await tenant.api.post(path, { name: "B", probability: 0.5 })).as(pipelineSchema);
  expect(added.stages.map(({ key }) => key)).toEqual(["a", "b", "won"]);
  const [a, b, won] = added.stages.map(({ id }) => id);
  const renamed = await tenant.api.patch(`${path}/${b}`, { name: "Beta", color: "#112233", wipLimit: 5 });
  expect(renamed.as(pipelineSchema).stages[1]).toMatchObject({ key: "b", name: "Beta", wipLimit: 5 });
  const stale = await tenant.api.put(`${path}/order`, { stageIds: [b, a, won] }, { "if-match": '"2"' });
  expect([stale.status, stale.json()]).toEqual([
    412,
    expect.objectContaining({ code: "precondition-failed" }),
  ]);
  const ordered = await tenant.api.put(`${path}/order`, { stageIds: [b, a, won] }, { "if-match": '"3"' });
  expect(ordered.as(pipelineSchema).stages.map(({ key, order }) => [key, order])).toEqual([
    ["b", 0],
    ["a", 1],
    ["won", 2],
  ]);
  expect((await tenant.api.put(`${path}/order`, { stageIds: [b, a] })).status).toBe(409);
  expect((await tenant.api.put(`${path}/order`, { stageIds: [b, a, a] })).status).toBe(409);
  expect((await tenant.api.put(`${path}/order`, { stageIds: [b, a, "0".repeat(24)] })).status).toBe(422);
  expect(takeEvents(tenant)).toEqual(Array.from({ length: 4 }, () => "pipeline_updated"));
});

test("deleting a stage with leads needs a target, which gets them in their order", async () => {
  const made = await newPipeline("Delete", [{ name: "From" }, { name: "To" }]);
  const [from, to] = made.stages.map(({ id }) => id);
  const leads = [];
  for (let n = 0; n < 60; n += 1) leads.push(await newLead(tenant, { firstName: `D${n}`, stageId: from }));
  const path = `${base}/${made.id}/stages/${from}`;
  const refused = await tenant.api.delete(path);
  expect([refused.status, refused.problem().code]).toEqual([422, "invalid-state"]);
  const self = await tenant.api.delete(`${path}?moveLeadsTo=${from}`);
  expect([self.status, self.problem().code]).toEqual([422, "invalid-reference"]);
  const deleted = await tenant.api.delete(`${path}?moveLeadsTo=${to}`);
  expect(deleted.as(pipelineSchema).stages.map(({ key, order }) => [key, order])).toEqual([["to", 0]]);
  const column = (await tenant.api.get(`/api/crm/leads?stageId=${to}&sort=rank&limit=100`)).as(
    pageSchema(leadSchema),
  );
  expect(column.data.map(({ id }) => id)).toEqual(leads.map(({ id }) => id).toReversed());
  const last = await tenant.api.delete(`${base}/${made.id}/stages/${to}`);
  expect([last.status, last.problem().code]).toEqual([422, "invalid-state"]);
});

test("a lead that goes to another pipeline has left its stage in the metrics of the first", async () => {
  const one = await newPipeline("First way", [{ name: "Start" }, { name: "Won", type: "won" }]);
  const other = await newPipeline("Second way", [{ name: "Start" }]);
  const [start, won] = one.stages.map(({ id }) => id);
  for (const stageId of [other.stages[0]?.id, won]) {
    const lead = await newLead(tenant, { firstName: "Goer", stageId: start });
    await tenant.api.post(`/api/crm/leads/${lead.id}/move`, { stageId });
  }
  const metrics = (await tenant.api.get(`${base}/${one.id}/metrics`)).as(pipelineMetricsSchema);
  expect(metrics.stages[0]).toMatchObject({
    entered: 2,
    left: 2,
    movedOn: 1,
    conversion: 0.5,
    moves: [{ toStageId: won, count: 1 }],
  });
});

test("the default moves to another pipeline, and the default one cannot be deleted", async () => {
  const before = (await tenant.api.get(base))
    .as(pageSchema(pipelineSchema))
    .data.find((each) => each.isDefault);
  const made = await newPipeline("Next default", [{ name: "Start" }]);
  const patched = await tenant.api.patch(`${base}/${made.id}`, { isDefault: true });
  expect(patched.as(pipelineSchema).isDefault).toBe(true);
  const lead = await newLead(tenant);
  expect(lead.pipelineId).toBe(made.id);
  const refused = await tenant.api.delete(`${base}/${made.id}`);
  expect([refused.status, refused.problem().code]).toEqual([422, "invalid-state"]);
  await tenant.api.patch(`${base}/${before?.id}`, { isDefault: true });
  const stages = await stagesOf(tenant);
  expect((await tenant.api.delete(`${base}/${made.id}?moveLeadsTo=${stages.contacted}`)).status).toBe(200);
  expect((await tenant.api.get(`${base}/${made.id}`)).status).toBe(404);
  const moved = (await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema);
  expect(moved.stageId).toBe(stages.contacted);
});
