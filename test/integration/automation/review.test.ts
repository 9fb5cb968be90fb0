import { automationCatalogSchema } from "../../../src/contracts/automation.insight.contract";
import { ruleReviewSchema } from "../../../src/contracts/automation.problem.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { automationInsightRoutes } from "../../../src/routes/crm/automation.insight.routes";
import { automationRoutes } from "../../../src/routes/crm/automation.routes";
import { ruleResourceSchema } from "../../../src/services/saas/automation/automation.service";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { deleteStageByKey } from "../../builders/stage.builder";

let tenant: Awaited<ReturnType<typeof createTenant>>;
let api: ApiClient;
let ctx: TenantContext;

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

const create = (definition: object, enabled = false) =>
  api.post("/api/crm/automations", { name: "rule", definition, enabled });

beforeAll(async () => {
  tenant = await createTenant();
  ctx = createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "req_test",
    dispatch: async () => undefined,
  });
  const { User } = await getCentralModels();
  for (const key of ["maria", "joao"])
    await User.create({
      clientCode: tenant.clientCode,
      key,
      name: key,
      emailLower: `${key}@acme.example`,
      createdAt: new Date(),
      updatedAt: new Date(),
    });
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
  await tenant.models.MediaAsset.create({
    ...base,
    key: "brochure",
    kind: "document",
    state: "ready",
    declaredMime: "application/pdf",
    origin: "upload",
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
      schema: { type: "string", enum: ["gold"] },
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
      severity: "error",
      code: "unknown-template",
      suggestion: "welcome",
    });
    expect(await problemAt(sending({ template: "waiting" }), at("template"))).toMatchObject({
      severity: "error",
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

describe("publishing", () => {
  const nameless = tagged({
    steps: [
      { id: "a", type: "move_stage", stageKey: "propsal" },
      { id: "b", type: "assign", to: { round_robin: "team_sale" } },
      { id: "c", type: "assign", to: { userKey: "mari" } },
      { id: "d", type: "send_template", template: "welcom" },
      { id: "e", type: "send_template", template: "waiting" },
      { id: "f", type: "send_media", mediaKey: "brochur" },
      { id: "g", type: "start_automation", automationId: "66f0c0ffee66f0c0ffee66f0" },
      { id: "h", type: "send_template", template: "welcome" },
    ],
  });
  const expected = [
    ["/definition/steps/0/stageKey", "invalid-reference", "Did you mean proposal?"],
    ["/definition/steps/1/to/round_robin", "invalid-reference", "Did you mean team_sales?"],
    ["/definition/steps/2/to/userKey", "invalid-reference", "Did you mean maria?"],
    ["/definition/steps/3/template", "unknown-template", "Did you mean welcome?"],
    ["/definition/steps/4/template", "template-not-approved", "APPROVED"],
    ["/definition/steps/5/mediaKey", "invalid-reference", "Did you mean brochure?"],
    ["/definition/steps/6/automationId", "invalid-reference", "There is no rule"],
    ["/definition/steps/7/variables", "missing-variable", "its variable name"],
  ];

  it("refuses what cannot work, with a pointer to each name that is not here and what was meant", async () => {
    const draft = (await create(nameless)).as(ruleResourceSchema);
    const of = `/api/crm/automations/${draft.id}`;
    const answers = [
      await api.post(`${of}/publish`, undefined),
      await api.post(`${of}/enable`, undefined),
      await create(nameless, true),
    ];
    for (const answer of answers) {
      const { status, code, errors = [] } = answer.problem();
      expect([status, code]).toEqual([422, "invalid-reference"]);
      expect(errors.map((error) => [error.pointer, error.code, error.detail])).toEqual(
        expected.map(([pointer, kind, words]) => [pointer, kind, expect.stringContaining(words ?? "")]),
      );
    }
    const rule = (await api.get(of)).as(ruleResourceSchema);
    expect(rule).toMatchObject({ state: "draft", enabled: false, publishedVersion: null });
    expect(await tenant.models.AutomationVersion.countDocuments()).toBe(0);
  });

  it("names missing texts for a template's variables as what they are", async () => {
    const answer = await create(
      tagged({ steps: [{ id: "s", type: "send_template", template: "welcome" }] }),
      true,
    );
    expect(answer.problem()).toMatchObject({ status: 422, code: "missing-variable" });
  });

  it("shows in a rule what it lost since: a stage, a field, a person; and does not enable it again", async () => {
    const { CustomField } = tenant.models;
    const base = { version: 1, createdAt: new Date(), updatedAt: new Date() };
    await CustomField.create({ ...base, key: "size", name: "Size", type: "text" });
    const made = await create(
      tagged({
        conditions: { field: "lead.custom.size", op: "exists" },
        steps: [
          { id: "m", type: "move_stage", stageKey: "contacted" },
          { id: "a", type: "assign", to: { userKey: "joao" } },
        ],
      }),
      true,
    );
    const { id, problems } = made.as(ruleResourceSchema);
    expect(problems).toEqual([]);
    // The draft is another one by now; the problems are of what runs.
    await api.patch(`/api/crm/automations/${id}`, { definition: tagged({}) });
    await CustomField.deleteOne({ key: "size" });
    await deleteStageByKey(ctx, "contacted");
    const { User } = await getCentralModels();
    await User.updateOne({ clientCode: tenant.clientCode, key: "joao" }, { $set: { status: "disabled" } });

    const lost = [
      { pointer: "/definition/conditions/field", code: "unknown-field", severity: "error" },
      { pointer: "/definition/steps/0/stageKey", code: "invalid-reference" },
      { pointer: "/definition/steps/1/to/userKey", code: "invalid-reference" },
    ];
    const at = `/api/crm/automations/${id}`;
    expect((await api.get(at)).as(ruleResourceSchema).problems).toMatchObject(lost);
    const listed = (await api.get("/api/crm/automations")).as(pageSchema(ruleResourceSchema)).data;
    expect(listed.find((rule) => rule.id === id)?.problems).toMatchObject(lost);
    await api.post(`${at}/disable`, undefined);
    const refused = (await api.post(`${at}/enable`, undefined)).problem();
    expect(refused).toMatchObject({ status: 422, code: "invalid-reference" });
    expect(refused.errors).toHaveLength(lost.length);
    // A draft that works is what takes its place.
    expect((await api.post(`${at}/publish`, undefined)).as(ruleResourceSchema).problems).toEqual([]);
    expect((await api.post(`${at}/enable`, undefined)).status).toBe(200);
    expect((await api.post(`${at}/rollback`, { version: 1 })).problem().code).toBe("invalid-reference");
  });
});
