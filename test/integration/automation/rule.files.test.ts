/** Rules as files over the API, and the secret that their webhooks are signed with. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { shownWebhookSecretSchema } from "../../../src/contracts/webhook.secret.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { routes } from "../../../src/routes";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleExportSchema } from "../../../src/services/saas/automation/export.rule";
import { ruleImportSchema } from "../../../src/services/saas/automation/rule.file.service";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

let tenant: Awaited<ReturnType<typeof createTenant>>;
let api: ApiClient;
const path = "/api/crm/automations/import";
const proposal: unknown = JSON.parse(readFileSync("docs/rules/proposal.stage.json", "utf8"));
const file = {
  name: "From the website",
  trigger: { event: "lead_created" },
  steps: [{ id: "mark", type: "add_tag", tag: "web" }],
};

beforeAll(async () => {
  tenant = await createTenant("files");
  api = new ApiClient(lambdaTransport(routes, { dispatch: dispatchEvents }), keysOf(tenant));
});
afterAll(closeAllConnections);

test("a file becomes a draft, the same file changes nothing, another one of its name is its new draft", async () => {
  const first = (await api.post(path, file)).as(ruleImportSchema);
  expect(first).toMatchObject({
    action: "created",
    missing: [],
    automation: { state: "draft", enabled: false },
  });
  expect((await api.post(path, file)).as(ruleImportSchema)).toMatchObject({
    action: "unchanged",
    automation: { id: first.automation.id, version: first.automation.version },
  });
  const published = await api.post(`${path}?publish=true`, { ...file, priority: 5 });
  expect(published.as(ruleImportSchema)).toMatchObject({
    action: "updated",
    automation: { id: first.automation.id, priority: 5, enabled: true, publishedVersion: 1 },
  });
});

test("what a file names and is not here is listed, and refused by pointer when it is to be published", async () => {
  const draft = (await api.post(path, proposal)).as(ruleImportSchema);
  const missing = [
    { kind: "media", key: "brochure", pointer: "/steps/0/mediaKey" },
    { kind: "template", key: "brochure", pointer: "/steps/0/windowClosed/send_template" },
  ];
  expect(draft).toMatchObject({ action: "created", missing, automation: { enabled: false } });
  const refused = (await api.post(`${path}?publish=true`, proposal)).problem();
  expect(refused).toMatchObject({ status: 422, code: "invalid-reference" });
  expect(refused.errors?.map(({ pointer }) => pointer)).toEqual(missing.map(({ pointer }) => pointer));
});

test("a rule that is taken out is the same rule in another tenant, whatever ids it was written with", async () => {
  const other = await createTenant("elsewhere");
  const there = new ApiClient(lambdaTransport(routes, { dispatch: dispatchEvents }), keysOf(other));
  const base = { version: 1, createdAt: new Date(), updatedAt: new Date() };
  for (const { models } of [tenant, other]) {
    await models.MediaAsset.create({
      ...base,
      key: "price_list",
      origin: "upload",
      kind: "document",
      state: "ready",
      declaredMime: "application/pdf",
    });
    await models.CustomField.create({ ...base, key: "plan", name: "Plan", type: "text" });
  }
  const list = await tenant.models.MediaAsset.findOne({ key: "price_list" }).orFail().lean();
  const followed = (await api.post(path, { ...file, name: "Followed" })).as(ruleImportSchema).automation;
  await there.post(path, { ...file, name: "Followed" });
  const definition = {
    trigger: { event: "stage_enter", pipelineKey: "sales", toStageKey: "proposal" },
    conditions: { field: "lead.custom.plan", op: "equals", value: "gold" },
    enrollment: { reentry: "after_exit", cooldown: "P1D" },
    exitOn: [{ event: "stage_exit", stageKey: "proposal" }],
    sendWindow: { hours: "business", timezone: "tenant" },
    steps: [
      { id: "list", type: "send_media", mediaId: list._id.toHexString(), onError: "continue" },
      { id: "wait", type: "wait_for", events: ["message_received"], timeout: "P2D", onEvent: "end" },
      { id: "next", type: "start_automation", automationId: followed.id, next: "end" },
      { id: "end", type: "exit", reason: "done" },
    ],
  };
  const made = (await api.post(path, { name: "Travels", priority: 7, definition })).as(ruleImportSchema);
  const taken = (await api.get(`/api/crm/automations/${made.automation.id}/export`)).as(ruleExportSchema);
  expect(taken).toMatchObject({ name: "Travels", priority: 7 });
  expect(taken.definition.steps.slice(0, 3)).toMatchObject([
    { id: "list", mediaKey: "price_list" },
    { id: "wait" },
    { id: "next", automation: "Followed" },
  ]);
  expect(JSON.stringify(taken)).not.toMatch(/[0-9a-f]{24}/);
  const brought = (await there.post(path, taken)).as(ruleImportSchema);
  expect(brought).toMatchObject({ action: "created", missing: [] });
  expect(brought.automation.definition).toEqual(taken.definition);
  const again = await there.get(`/api/crm/automations/${brought.automation.id}/export`);
  expect(again.as(ruleExportSchema)).toEqual(taken);
  expect((await api.post(path, taken)).as(ruleImportSchema)).toMatchObject({
    action: "updated",
    automation: { id: made.automation.id },
  });
  expect((await api.post(path, taken)).as(ruleImportSchema)).toMatchObject({ action: "unchanged" });
});

test("a webhook secret is new each time, shown once, and the one before signs on for a day", async () => {
  const rotate = () => api.post("/api/crm/automations/webhook-secret/rotate", undefined);
  const first = (await rotate()).as(shownWebhookSecretSchema);
  expect(first).toEqual({ secret: expect.stringMatching(/^whsec_.{44}$/), previousUntil: null });
  const second = (await rotate()).as(shownWebhookSecretSchema);
  expect(second.secret).not.toBe(first.secret);
  expect(Date.parse(z.string().parse(second.previousUntil))).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  const events = await tenant.models.Outbox.find({}).lean();
  expect(JSON.stringify(events)).not.toContain("whsec_");
});
