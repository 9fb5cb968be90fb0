/** Rules as files over the API, and the secret that their webhooks are signed with. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { shownWebhookSecretSchema } from "../../../src/contracts/webhook.secret.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { routes } from "../../../src/routes";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
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
