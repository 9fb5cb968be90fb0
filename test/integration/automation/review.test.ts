import {
  automationCatalogSchema,
  ruleReviewSchema,
} from "../../../src/contracts/automation.insight.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { automationInsightRoutes } from "../../../src/routes/crm/automation.insight.routes";
import { automationRoutes } from "../../../src/routes/crm/automation.routes";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

let tenant: Awaited<ReturnType<typeof createTenant>>;
let api: ApiClient;

const review = async (definition: object) => {
  const answer = await api.post("/api/crm/automations/validate", { definition });
  expect(answer.status).toBe(200);
  return answer.as(ruleReviewSchema);
};
const problemAt = async (definition: object, pointer: string) => {
  const { errors, warnings } = await review(definition);
  return [...errors, ...warnings].find((problem) => problem.pointer === pointer);
};
const tagged = (more: object) => ({
  trigger: { event: "lead_created" },
  steps: [{ id: "t", type: "add_tag", tag: "x" }],
  ...more,
});
const setting = (value: string, more: object = {}) =>
  tagged({ steps: [{ id: "s", type: "set_var", name: "x", value }], ...more });

beforeAll(async () => {
  tenant = await createTenant();
  api = new ApiClient(lambdaTransport([...automationRoutes, ...automationInsightRoutes]), keysOf(tenant));
  const base = { version: 1, createdAt: new Date(), updatedAt: new Date() };
  await tenant.models.Team.create({ ...base, key: "team_sales", name: "Sales" });
  const template = {
    ...base,
    wabaId: "1",
    language: "en_US",
    providerId: "1",
    category: "UTILITY",
    parameterFormat: "NAMED",
    syncedAt: new Date(),
  };
  await tenant.models.Template.insertMany([
    { ...template, name: "welcome", status: "APPROVED", components: [{ type: "BODY", text: "Hi {{name}}" }] },
    { ...template, name: "waiting", status: "PENDING", components: [{ type: "BODY", text: "Hi" }] },
  ]);
  await tenant.models.CustomField.create({
    ...base,
    key: "plan",
    name: "Plan",
    type: "select",
    options: ["gold"],
  });
});
afterAll(closeAllConnections);

describe("the catalogue", () => {
  it("tells every trigger, field, operator and step, the tenant's own fields among them", async () => {
    const catalog = (await api.get("/api/crm/automation-catalog")).as(automationCatalogSchema);
    const stageEnter = catalog.triggers.find(({ event }) => event === "stage_enter");
    expect(stageEnter?.schema).toHaveProperty("properties.toStageKey");
    expect(stageEnter?.schema).toHaveProperty("properties.filter");
    expect(stageEnter?.data.map(({ path }) => path)).toContain("event.data.fromStageKey");
    expect(catalog.fields.find(({ path }) => path === "lead.custom.plan")).toEqual({
      path: "lead.custom.plan",
      type: "text",
      label: "Plan",
      custom: true,
      options: ["gold"],
      operators: expect.arrayContaining(["equals", "in", "is_empty"]),
    });
    expect(catalog.fields.find(({ path }) => path === "lead.stageKey")?.options).toContain("proposal");
    expect(catalog.operators.find(({ op }) => op === "within_last")).toMatchObject({ value: "duration" });
    const branch = catalog.steps.find(({ type }) => type === "branch");
    expect(branch).toMatchObject({ kind: "control", sends: false });
    expect(branch?.schema).toHaveProperty("properties.cases.items.properties.goto");
    expect(catalog.steps.find(({ type }) => type === "send_template")).toMatchObject({
      runs: "queue",
      sends: true,
    });
  });

  it("has no reference that leads nowhere", async () => {
    const answer = await api.get("/api/crm/automation-catalog");
    const { $defs } = answer.as(automationCatalogSchema);
    const named = [...answer.bytes.toString().matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
    expect(named.length).toBeGreaterThan(0);
    for (const ref of new Set(named)) expect(Object.keys($defs)).toContain(ref?.replace("#/$defs/", ""));
  });
});

describe("a check of a rule", () => {
  it("finds nothing wrong with a good one", async () => {
    const good = {
      trigger: { event: "stage_enter", toStageKey: "proposal" },
      conditions: { all: [{ field: "lead.custom.plan", op: "equals", value: "gold" }] },
      steps: [
        { id: "v", type: "set_var", name: "who", value: '{{lead.firstName | default: "you"}}' },
        { id: "s", type: "send_template", template: "welcome", variables: { name: "{{vars.who}}" } },
        {
          id: "n",
          type: "set_var",
          name: "m",
          value: "{{steps.s.output.messageId}} {{event.data.toStageKey}}",
        },
        { id: "l", type: "set_var", name: "n", value: "{{lead.tags.size}} {{lead.value | money}}" },
      ],
    };
    expect(await review(good)).toEqual({ valid: true, errors: [], warnings: [] });
  });

  it.each([
    ["a trigger", tagged({ trigger: { event: "lead_creatd" } }), "/definition/trigger/event", "lead_created"],
    [
      "a trigger's setting",
      tagged({ trigger: { event: "stage_enter", toStageKy: "x" } }),
      "/definition/trigger/toStageKy",
      "toStageKey",
    ],
    [
      "a step",
      tagged({ steps: [{ id: "t", type: "add_tg", tag: "x" }] }),
      "/definition/steps/0/type",
      "add_tag",
    ],
    [
      "a step's setting",
      tagged({ steps: [{ id: "d", type: "delay", duraton: "PT1M" }] }),
      "/definition/steps/0/duraton",
      "duration",
    ],
    [
      "a field",
      tagged({ conditions: { field: "lead.sorce", op: "exists" } }),
      "/definition/conditions/field",
      "lead.source",
    ],
    [
      "an operator",
      tagged({ conditions: { field: "lead.source", op: "equls", value: 1 } }),
      "/definition/conditions/op",
      "equals",
    ],
    [
      "a custom field's option",
      tagged({ conditions: { field: "lead.custom.plan", op: "equals", value: "gld" } }),
      "/definition/conditions/value",
      "gold",
    ],
    [
      "a jump",
      tagged({
        steps: [
          { id: "t", type: "add_tag", tag: "x", next: "ends" },
          { id: "end", type: "exit" },
        ],
      }),
      "/definition/steps/0/next",
      "end",
    ],
    ["a variable", setting("Hi {{lead.frstName}}"), "/definition/steps/0/value", "lead.firstName"],
    [
      "a variable in a tag",
      setting("{% if lead.frstName %}x{% endif %}"),
      "/definition/steps/0/value",
      "lead.firstName",
    ],
    ["a variable's root", setting("{{leed.firstName}}"), "/definition/steps/0/value", "lead.firstName"],
    ["a filter", setting("{{lead.firstName | upcas}}"), "/definition/steps/0/value", "upcase"],
    [
      "a stage",
      tagged({ trigger: { event: "stage_enter", toStageKey: "propsal" } }),
      "/definition/trigger/toStageKey",
      "proposal",
    ],
    [
      "a stage to move to",
      tagged({ steps: [{ id: "m", type: "move_stage", stageKey: "qualfied" }] }),
      "/definition/steps/0/stageKey",
      "qualified",
    ],
    [
      "a stage in a condition",
      tagged({ conditions: { field: "lead.stageKey", op: "in", value: ["propsal"] } }),
      "/definition/conditions/value",
      "proposal",
    ],
  ])("tells which was meant: %s", async (_what, definition, pointer, suggestion) => {
    const { valid, errors } = await review(definition);
    expect(valid).toBe(false);
    expect(errors.find((error) => error.pointer === pointer)?.suggestion).toBe(suggestion);
  });

  it("refuses a variable of a later step, and one that nobody sets", async () => {
    expect(await problemAt(setting("{{vars.y}}"), "/definition/steps/0/value")).toMatchObject({
      code: "unknown-variable",
    });
    expect(await problemAt(setting("{{steps.s.output.value}}"), "/definition/steps/0/value")).toMatchObject({
      code: "unknown-variable",
    });
  });

  it("warns of data that the event does not tell, and leaves the data of others alone", async () => {
    const text = "{{event.data.toStageKy}}";
    const place = "/definition/steps/0/value";
    expect(await problemAt(setting(text, { trigger: { event: "stage_enter" } }), place)).toMatchObject({
      severity: "warning",
      suggestion: "toStageKey",
    });
    expect(
      await problemAt(setting(text, { trigger: { event: "external_event:paid" } }), place),
    ).toBeUndefined();
  });

  it("refuses jumps backward, and warns of steps that no way leads to", async () => {
    const back = tagged({
      steps: [
        { id: "a", type: "add_tag", tag: "x" },
        { id: "b", type: "add_tag", tag: "x", next: "a" },
      ],
    });
    expect((await problemAt(back, "/definition/steps/1/next"))?.detail).toMatch(/jumps go forward/);
    const lost = tagged({
      steps: [
        { id: "a", type: "exit" },
        { id: "b", type: "add_tag", tag: "x" },
      ],
    });
    expect(await problemAt(lost, "/definition/steps/1")).toMatchObject({
      severity: "warning",
      code: "unreachable-step",
    });
  });

  it("looks at templates: their name, their state and their variables", async () => {
    const sending = (step: object) => tagged({ steps: [{ id: "s", type: "send_template", ...step }] });
    const at = (place: string) => `/definition/steps/0/${place}`;
    expect(await problemAt(sending({ template: "welcom" }), at("template"))).toMatchObject({
      severity: "warning",
      code: "unknown-template",
      suggestion: "welcome",
    });
    expect(await problemAt(sending({ template: "waiting" }), at("template"))).toMatchObject({
      severity: "warning",
      code: "template-not-approved",
    });
    expect(await problemAt(sending({ template: "welcome" }), at("variables"))).toMatchObject({
      severity: "error",
      code: "missing-variable",
    });
    const nam = sending({ template: "welcome", variables: { nam: "x" } });
    expect(await problemAt(nam, at("variables/nam"))).toMatchObject({
      severity: "warning",
      suggestion: "name",
    });
  });
});

describe("saving", () => {
  const create = (definition: object, enabled = false) =>
    api.post("/api/crm/automations", { name: "rule", definition, enabled });

  it("refuses at save, with 400, what is wrong anywhere", async () => {
    const answer = await create(setting("Hi {{lead.frstName}}"));
    expect(answer.status).toBe(400);
    expect(answer.problem().errors).toEqual([
      {
        pointer: "/definition/steps/0/value",
        code: "unknown-variable",
        detail: "There is no variable lead.frstName. Did you mean lead.firstName?",
      },
    ]);
    expect((await create(tagged({ steps: [{ id: "d", type: "delay", duraton: "PT1M" }] }))).status).toBe(400);
  });
});
