import * as z from "zod";
import { activitySchema } from "../../../src/contracts/activity.contract";
import { auditEntrySchema } from "../../../src/contracts/audit.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { pipelineSchema } from "../../../src/contracts/pipeline.contract";
import { actingFor, createTenantContext } from "../../../src/lib/context/create.context";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { addTags } from "../../../src/services/saas/crm/lead.service";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const audit = async (query = "") =>
  (await tenant.api.get(`/api/crm/audit-log?${query}`)).as(pageSchema(auditEntrySchema));

test("each change of a key is in the audit with its request, before and after", async () => {
  const lead = await newLead(tenant, { firstName: "Ana" });
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { company: "Sol" }, { "x-request-id": "req-audit-1" });
  const { data } = await audit(`leadId=${lead.id}&action=lead_updated`);
  expect(data).toEqual([
    expect.objectContaining({
      actor: expect.objectContaining({ type: "api_key" }),
      requestId: "req-audit-1",
      changes: { company: { from: null, to: "Sol" } },
    }),
  ]);
  const actorId = data[0]?.actor.id ?? "";
  expect((await audit(`actorId=${actorId}&limit=1`)).data).toHaveLength(1);
  expect((await audit("actorId=nobody")).data).toEqual([]);
});

test("the audit shows before and after of people, teams, pipelines, lists and meetings too", async () => {
  const { api } = tenant;
  const made = z.object({ id: z.string() });
  const post = async (path: string, body: object) => (await api.post(`/api/crm/${path}`, body)).as(made).id;
  const lastly = async (action: string) => (await audit(`action=${action}&limit=1`)).data[0]?.changes;

  const user = await post("users", { key: "rui", name: "Rui", email: "rui@audit.example" });
  expect(await lastly("user_updated")).toMatchObject({ name: { from: null, to: "Rui" } });
  await api.patch(`/api/crm/users/${user}`, { availability: "away" });
  expect(await lastly("user_updated")).toEqual({ availability: { from: "available", to: "away" } });

  const team = await post("teams", { key: "audit", name: "Audit", memberIds: [] });
  await api.patch(`/api/crm/teams/${team}`, { memberIds: ["rui"] });
  expect(await lastly("team_updated")).toEqual({ memberIds: { from: [], to: ["rui"] } });

  const pipeline = await post("pipelines", { name: "Audit", stages: [{ name: "A" }, { name: "B" }] });
  const { stages } = (await api.get(`/api/crm/pipelines/${pipeline}`)).as(pipelineSchema);
  const [a, b] = stages.map(({ id }) => id);
  await api.patch(`/api/crm/pipelines/${pipeline}/stages/${a}`, { wipLimit: 5 });
  expect(await lastly("pipeline_updated")).toEqual({ "stages.a.wipLimit": { from: null, to: 5 } });
  await api.put(`/api/crm/pipelines/${pipeline}/stages/order`, { stageIds: [b, a] });
  expect(await lastly("pipeline_updated")).toEqual({ stageOrder: { from: ["a", "b"], to: ["b", "a"] } });

  const field = await post("custom-fields", { key: "size", name: "Size", type: "number" });
  await api.patch(`/api/crm/custom-fields/${field}`, { name: "Shoe size" });
  expect(await lastly("settings_updated")).toEqual({ name: { from: "Size", to: "Shoe size" } });
  await api.delete(`/api/crm/custom-fields/${field}`);
  expect(await lastly("settings_updated")).toMatchObject({ key: { from: "size", to: null } });

  const { id: leadId } = await newLead(tenant, { firstName: "Met" });
  const startsAt = "2030-01-02T09:00:00.000Z";
  const meeting = await post("meetings", { leadId, title: "Visit", startsAt });
  await api.post(`/api/crm/meetings/${meeting}/cancel`);
  expect(await lastly("appointment_cancelled")).toMatchObject({
    status: { from: "proposed", to: "cancelled" },
  });
});

test("what is refused or changes nothing leaves no entry", async () => {
  const lead = await newLead(tenant, { firstName: "Bia" });
  const before = (await audit(`leadId=${lead.id}`)).data.length;
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { firstName: "Bia" });
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { firstName: "C" }, { "if-match": '"9"' });
  expect((await audit(`leadId=${lead.id}`)).data).toHaveLength(before);
});

test("an entry of a rule names the rule and the run; what we do for ourselves is no entry", async () => {
  const lead = await newLead(tenant);
  const [ruleId, runId] = ["a".repeat(24), "b".repeat(24)];
  const rule = actingFor(tenant.ctx, {
    actor: { type: "automation", id: ruleId },
    causation: { rootEventId: "e1", depth: 1, ruleIds: [ruleId] },
    runId,
  });
  await addTags(rule, { id: lead.id, tags: ["hot"] });
  const job = createTenantContext({
    clientCode: tenant.ctx.clientCode,
    actor: { type: "system", id: "job:test" },
    requestId: "req_job",
    dispatch: async () => undefined,
  });
  await addTags(job, { id: lead.id, tags: ["cold"] });
  const { data } = await audit(`leadId=${lead.id}&action=tag_added`);
  expect(data).toEqual([expect.objectContaining({ ruleId, runId, data: { tag: "hot" } })]);
  const lines = await tenant.api.get(`/api/crm/leads/${lead.id}/activities?type=tag_added`);
  const shown = lines.as(pageSchema(activitySchema)).data;
  expect(shown.map(({ data: { tag }, runId: run }) => [tag, run])).toEqual([
    ["cold", null],
    ["hot", runId],
  ]);
});

test("a timeline shows some types only when asked, page by page", async () => {
  const lead = await newLead(tenant);
  for (const tag of ["a", "b", "c"]) await tenant.api.post(`/api/crm/leads/${lead.id}/tags`, { tags: [tag] });
  const path = `/api/crm/leads/${lead.id}/activities`;
  const page = async (query: string) =>
    (await tenant.api.get(`${path}?${query}`)).as(pageSchema(activitySchema));
  expect((await page("type=tag_added&type=lead_created")).data).toHaveLength(4);
  const first = await page("type=tag_added&limit=2");
  const rest = await page(`type=tag_added&limit=2&cursor=${first.nextCursor}`);
  expect([...first.data, ...rest.data].map(({ data }) => data.tag)).toEqual(["c", "b", "a"]);
  const mixed = await tenant.api.get(`${path}?type=lead_created&cursor=${first.nextCursor}`);
  expect(mixed.problem().code).toBe("invalid-cursor");
});
