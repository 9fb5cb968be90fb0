/** The catalogue is enough to build rules from: whatever it tells can be put together, and is then taken. */
import {
  type AutomationCatalog,
  automationCatalogSchema,
} from "../../../src/contracts/automation.insight.contract";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { automationInsightRoutes } from "../../../src/routes/crm/automation.insight.routes";
import { declareEventType } from "../../../src/services/saas/automation/event.type.service";
import { reviewRule } from "../../../src/services/saas/automation/rule.review";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { sampleOf, samplesOf } from "./schema.sample";

let ctx: TenantContext;
let catalog: AutomationCatalog;

/** What only the tenant's own things can mend: the examples name teams, people and templates that are not here. */
const absent = new Set(["invalid-reference", "unknown-template"]);
const end = { id: "s2", type: "exit" };

async function wrongWith(definition: object): Promise<string[]> {
  const { errors } = await reviewRule(ctx, definition);
  return errors
    .filter(({ code }) => !absent.has(code))
    .map(({ pointer, detail }) => `${pointer} ${detail} ${JSON.stringify(definition)}`);
}

beforeAll(async () => {
  const tenant = await createTenant();
  ctx = createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "req_test",
    dispatch: async () => undefined,
  });
  const base = { version: 1, createdAt: new Date(), updatedAt: new Date() };
  const fields = [
    { key: "plan", type: "select", options: ["gold"] },
    { key: "colours", type: "multi_select", options: ["red", "blue"] },
    { key: "size", type: "number", options: null },
    { key: "birthday", type: "date", options: null },
    { key: "vip", type: "boolean", options: null },
    { key: "memo", type: "text", options: null },
  ] as const;
  for (const field of fields)
    await tenant.models.CustomField.create({
      ...base,
      ...field,
      name: field.key,
      options: field.options && [...field.options],
    });
  await declareEventType(
    ctx,
    { key: "order_paid" },
    {
      name: "Order paid",
      createsLead: false,
      fields: [
        { key: "amount", type: "number", required: true },
        { key: "method", type: "choice", required: false, options: ["card", "cash"] },
        { key: "paidOn", type: "date", required: false },
      ],
    },
  );
  const api = new ApiClient(lambdaTransport(automationInsightRoutes), keysOf(tenant));
  catalog = (await api.get("/api/crm/automation-catalog")).as(automationCatalogSchema);
});
afterAll(closeAllConnections);

it("lists an event that the tenant declared with the schema of its data", () => {
  const paid = catalog.triggers.find(({ event }) => event === "external_event:order_paid");
  expect(paid).toMatchObject({
    label: "Order paid",
    openData: false,
    schema: { properties: { event: { const: "external_event:order_paid" } }, required: ["event"] },
    dataSchema: {
      type: "object",
      properties: {
        amount: { type: "number" },
        method: { type: "string", enum: ["card", "cash"] },
        paidOn: { type: "string", format: "date" },
      },
      required: ["amount"],
      additionalProperties: false,
    },
  });
  expect(paid?.data.map(({ path }) => path)).toEqual([
    "event.data.amount",
    "event.data.method",
    "event.data.paidOn",
  ]);
});

it("knows what a declared event tells: another name is told with what was meant", async () => {
  const text = (value: string) => [{ id: "n", type: "add_note", text: value }];
  const trigger = { event: "external_event:order_paid" };
  const wrong = await reviewRule(ctx, {
    trigger: { ...trigger, filter: { field: "event.data.amout", op: "gt", value: 5 } },
    exitOn: [{ event: "stage_enter", filter: { field: "event.data.toStageKy", op: "equals", value: "x" } }],
    steps: text("{{event.data.methd}}"),
  });
  expect(wrong.warnings.map(({ pointer, suggestion }) => [pointer, suggestion])).toEqual([
    ["/definition/steps/0/text", "method"],
    ["/definition/trigger/filter/field", "amount"],
    ["/definition/exitOn/0/filter/field", "toStageKey"],
  ]);
  const right = { trigger, steps: text("{{event.data.amount | money}} by {{event.data.method}}") };
  expect(await reviewRule(ctx, right)).toEqual({ valid: true, errors: [], warnings: [] });
  const other = await reviewRule(ctx, { trigger: { event: "external_event:order_payd" }, steps: [end] });
  expect(other.warnings).toMatchObject([{ pointer: "/definition/trigger/event", suggestion: "order_paid" }]);
});

it("tells of every trigger enough to build one that is taken, with each of its settings", async () => {
  const events = catalog.triggers.map(({ event }) => event);
  expect(events.length).toBeGreaterThan(28);
  for (const { event, schema } of catalog.triggers)
    for (const trigger of samplesOf(schema, catalog.$defs))
      expect([event, await wrongWith({ trigger, steps: [end] })]).toEqual([event, []]);
});

it("tells of every step enough to build one that is taken, with each of its settings", async () => {
  expect(catalog.steps.length).toBeGreaterThan(21);
  for (const { type, schema } of catalog.steps)
    for (const step of samplesOf(schema, catalog.$defs))
      expect([type, await wrongWith({ trigger: { event: "lead_created" }, steps: [step, end] })]).toEqual([
        type,
        [],
      ]);
});

it("tells of every field which operators fit it, and of every operator what it takes", async () => {
  const takes = new Map(catalog.operators.map((operator) => [operator.op, operator]));
  const conditions = catalog.fields.map(({ path, type, schema, operators }) => {
    const one = type === "text_list" ? [sampleOf(schema, {})].flat()[0] : sampleOf(schema, {});
    const values = { one, list: [one], range: [one, one], duration: "P5D", change: { to: one } };
    return {
      all: operators.map((op) => {
        const kind = takes.get(op)?.value ?? "none";
        return { field: path, op, ...(kind === "none" ? {} : { value: values[kind] }) };
      }),
    };
  });
  expect(conditions.length).toBeGreaterThan(50);
  for (const condition of conditions)
    expect(
      await wrongWith({ trigger: { event: "lead_created" }, conditions: condition, steps: [end] }),
    ).toEqual([]);
  expect(catalog.fields.find(({ path }) => path === "lead.custom.colours")).toMatchObject({
    schema: { type: "array", items: { enum: ["red", "blue"] } },
    operators: expect.arrayContaining(["any_of", "all_of", "none_of", "contains"]),
  });
  expect(takes.get("between")?.schema).toMatchObject({ type: "array", minItems: 2, maxItems: 2 });
  expect(takes.get("exists")?.schema).toBeNull();
});

it("tells of conditions with every operator and with all, any and not how they are written", async () => {
  const ways = samplesOf(catalog.$defs.Condition, catalog.$defs).filter(
    (condition) => !("caseSensitive" in condition),
  );
  expect(ways.length).toBeGreaterThan(8);
  for (const condition of [...ways, sampleOf(catalog.condition, catalog.$defs)]) {
    const { errors } = await reviewRule(ctx, {
      trigger: { event: "lead_created" },
      conditions: condition,
      steps: [end],
    });
    // An example's field need not be one that the operator fits.
    expect(errors.filter(({ code }) => code !== "operator-mismatch")).toEqual([]);
  }
});

it("says of a condition in a branch what is wrong with it", async () => {
  const cases = [{ when: { field: "lead.source", op: "in" }, goto: "s2" }];
  const steps = [{ id: "b", type: "branch", cases }, end];
  const { errors } = await reviewRule(ctx, { trigger: { event: "lead_created" }, steps });
  expect(errors).toMatchObject([{ pointer: "/definition/steps/0/cases/0/when/value" }]);
});

it("refuses what the schemas refuse: too many and too few of what excludes each other", async () => {
  const delay = (settings: object) => ({
    trigger: { event: "lead_created" },
    steps: [{ id: "d", type: "delay", ...settings }],
  });
  for (const settings of [{}, { duration: "PT1M", until: "{{event.occurredAt}}" }])
    expect((await reviewRule(ctx, delay(settings))).errors).toMatchObject([
      { pointer: "/definition/steps/0/duration" },
    ]);
  const schedule = { trigger: { event: "schedule" }, steps: [end] };
  expect((await reviewRule(ctx, schedule)).errors).toMatchObject([{ pointer: "/definition/trigger/cron" }]);
  const silence = { trigger: { event: "no_reply" }, steps: [end] };
  expect((await reviewRule(ctx, silence)).errors).toMatchObject([{ pointer: "/definition/trigger/after" }]);
});
