/** Rules that cannot do what they say: the others run, and the tenant reads in the API what is wrong with these. */
import * as z from "zod";
import { createTenantContext } from "../../../src/lib/context/create.context";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { automationRoutes } from "../../../src/routes/crm/automation.routes";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { createLead, getLead } from "../../../src/services/saas/crm/lead.service";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { drainAll } from "../../setup/drain";

afterAll(closeAllConnections);

const runsSchema = z.object({
  data: z.array(
    z.looseObject({
      ruleId: z.string(),
      status: z.string(),
      error: z
        .looseObject({ code: z.string(), detail: z.string(), stepId: z.string().nullable() })
        .nullable(),
    }),
  ),
});
const decisionsSchema = z.object({
  data: z.array(z.looseObject({ ruleId: z.string(), outcome: z.string(), reason: z.string().nullable() })),
});

test("broken rules stop no other rule, and the API says what is wrong with each", async () => {
  const tenant = await createTenant();
  const ctx = createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "req_test",
    dispatch: dispatchEvents,
  });
  const ruleOf = async (priority: number, more: object) => {
    const definition = ruleDefinitionSchema.parse({ trigger: { event: "lead_created" }, ...more });
    return (await createRule(ctx, { name: `rule ${priority}`, priority, definition, enabled: true })).id;
  };
  const tag = { id: "tag", type: "add_tag", tag: "good" };
  const empty = { id: "v", type: "set_var", name: "company", value: "{{lead.company}}" };
  const noTime = await ruleOf(1, { steps: [{ id: "wait", type: "delay", until: "{{lead.firstName}}" }] });
  const noVariable = await ruleOf(2, { steps: [empty] });
  const noKey = await ruleOf(3, { enrollment: { key: "{{lead.company}}" }, steps: [tag] });
  const unreadable = await ruleOf(4, { steps: [tag] });
  await ruleOf(5, { steps: [tag] });
  // As a later release may leave it.
  const { AutomationVersion } = tenant.models;
  await AutomationVersion.updateOne(
    { ruleId: unreadable },
    { $set: { "definition.steps": [{ id: "x", type: "fly" }] } },
  );

  const { id } = await createLead(ctx, { firstName: "Ana", phone: "+351960000001" });
  await drainAll(dispatchEvents);

  expect((await getLead(ctx, id)).tags).toEqual(["good"]);
  expect(await tenant.models.Outbox.countDocuments({ dispatchedAt: null })).toBe(0);
  const api = new ApiClient(lambdaTransport(automationRoutes, { dispatch: dispatchEvents }), keysOf(tenant));
  const runs = (await api.get(`/api/crm/leads/${id}/automation-runs`)).as(runsSchema).data;
  const decisions = (await api.get(`/api/crm/leads/${id}/automation-decisions`)).as(decisionsSchema).data;
  const runOf = (rule: string) => runs.find(({ ruleId }) => ruleId === rule);
  const decisionOf = (rule: string) => decisions.find(({ ruleId }) => ruleId === rule);
  expect(runOf(noTime)).toMatchObject({
    status: "failed",
    error: { code: "missing-variable", stepId: "wait", detail: expect.stringContaining("until") },
  });
  expect(runOf(noVariable)).toMatchObject({
    status: "failed",
    error: { code: "missing-variable", stepId: "v", detail: expect.stringContaining("no value") },
  });
  expect(decisionOf(noKey)).toMatchObject({
    outcome: "failed",
    reason: expect.stringMatching(/^enrollment\.key: .*no value/),
  });
  expect(decisionOf(unreadable)).toMatchObject({
    outcome: "failed",
    reason: expect.stringContaining("Publish it again"),
  });
});
