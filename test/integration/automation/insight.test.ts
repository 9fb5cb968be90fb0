import { replaySchema, ruleStatisticsSchema } from "../../../src/contracts/automation.insight.contract";
import {
  automationDecisionSchema,
  automationRunSchema,
} from "../../../src/contracts/automation.run.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { automationInsightRoutes } from "../../../src/routes/crm/automation.insight.routes";
import { automationRoutes } from "../../../src/routes/crm/automation.routes";
import { leadRoutes } from "../../../src/routes/crm/lead.routes";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

const ruleIdSchema = automationRunSchema.pick({ id: true });
const definition = {
  trigger: { event: "lead_created" },
  conditions: { field: "lead.source", op: "equals", value: "website" },
  steps: [
    { id: "tag", type: "add_tag", tag: "web" },
    { id: "hole", type: "add_note", text: "{{lead.company}}", onError: "continue" },
  ],
};

let tenant: Awaited<ReturnType<typeof createTenant>>;
let api: ApiClient;
let ruleId: string;

beforeAll(async () => {
  tenant = await createTenant();
  const routes = [...automationRoutes, ...automationInsightRoutes, ...leadRoutes];
  api = new ApiClient(lambdaTransport(routes, { dispatch: dispatchEvents }), keysOf(tenant));
  const rule = await api.post("/api/crm/automations", { name: "web", definition, enabled: true });
  ruleId = rule.as(ruleIdSchema).id;
  for (const [place, source] of ["website", "fair", "website"].entries())
    await api.post("/api/crm/leads", { firstName: "Ana", phone: `+35191200010${place}`, source });
});
afterAll(closeAllConnections);

describe("what came of a rule", () => {
  it("tells of each event why it did not start the rule, by outcome", async () => {
    const at = `/api/crm/automations/${ruleId}/decisions`;
    const all = (await api.get(at)).as(pageSchema(automationDecisionSchema));
    expect(all.data.map(({ outcome }) => outcome)).toEqual(["enrolled", "not_matched", "enrolled"]);
    const missed = (await api.get(`${at}?outcome=not_matched`)).as(pageSchema(automationDecisionSchema));
    expect(missed.data).toMatchObject([{ trace: [{ field: "lead.source", actual: "fair", passed: false }] }]);
  });

  it("counts runs and steps, and reads no row for it", async () => {
    const { db } = await tenantConnection(tenant.clientCode);
    if (!db) throw new Error("The tenant's database is not open.");
    await db.command({ profile: 2 });
    const statistics = (await api.get(`/api/crm/automations/${ruleId}/statistics`)).as(ruleStatisticsSchema);
    await db.command({ profile: 0 });
    const none = { count: 0, more: false };
    const two = { count: 2, more: false };
    expect(statistics).toMatchObject({ enrolled: two, completed: two, waiting: none, failed: none });
    expect(statistics.steps).toEqual([
      { stepId: "tag", type: "add_tag", succeeded: two, failed: none, skipped: none },
      { stepId: "hole", type: "add_note", succeeded: none, failed: two, skipped: none },
    ]);
    const counts = await db
      .collection("system.profile")
      .find({ "command.aggregate": /^automation/ })
      .toArray();
    // Eight states and all runs; three outcomes of two steps.
    expect(counts.length).toBe(9 + 6);
    expect(counts.map(({ docsExamined }) => Number(docsExamined))).toEqual(counts.map(() => 0));
  });
});

describe("a replay", () => {
  it("judges the newest real events by the draft, and changes nothing", async () => {
    const conditions = { field: "lead.source", op: "equals", value: "fair" };
    await api.patch(`/api/crm/automations/${ruleId}`, { definition: { ...definition, conditions } });
    const { AutomationDecision, AutomationRun, Outbox } = tenant.models;
    const rows = () =>
      Promise.all([
        AutomationDecision.countDocuments(),
        AutomationRun.countDocuments(),
        Outbox.countDocuments(),
      ]);
    const before = await rows();
    const at = `/api/crm/automations/${ruleId}/replay`;
    const replay = (await api.post(at, {})).as(replaySchema);
    expect(replay).toMatchObject({ matched: 1, missed: 2, complete: true });
    expect(replay.events.map(({ matches }) => matches)).toEqual([false, true, false]);
    expect(replay.events[0]?.trace).toMatchObject([{ expected: "fair", actual: "website", passed: false }]);
    expect((await api.post(at, { limit: 1 })).as(replaySchema).events).toHaveLength(1);
    expect(await rows()).toEqual(before);
    expect((await api.post(at, { limit: 101 })).status).toBe(400);
  });
});
