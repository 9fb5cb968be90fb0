/** What single steps do, beyond what the stories show: webhooks, fields, notes, conversations. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { Types } from "mongoose";
import { moveClock, now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { adoptEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { rotateWebhookSecret } from "../../../src/services/saas/automation/webhook.secret";
import { addTags, createLead, getLead } from "../../../src/services/saas/crm/lead.service";
import { createTenant } from "../../builders/client.builder";
import { drainAll } from "../../setup/drain";

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let tenant: Awaited<ReturnType<typeof createTenant>>;
let server: Server;
let url = "";
/** What the receiver answers next; 200 when there is nothing. */
let answers: number[] = [];
let heard: Heard[] = [];

const contextOf = (): TenantContext =>
  createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "test-request",
    dispatch: dispatchEvents,
  });
const ruleOf = (...steps: object[]) =>
  createRule(contextOf(), {
    name: "rule",
    definition: ruleDefinitionSchema.parse({ trigger: { event: "tag_added", tag: "go" }, steps }),
    enabled: true,
  });
/** A lead for whom the rule runs. */
const go = async (prepare: (leadId: Types.ObjectId) => Promise<unknown> = async () => undefined) => {
  const lead = await createLead(contextOf(), { firstName: "Ana", company: "Padaria Sol" });
  await prepare(new Types.ObjectId(lead.id));
  await addTags(contextOf(), { id: lead.id, tags: ["go"] });
  await drainAll(dispatchEvents);
  return lead;
};
const onlyRun = () => tenant.models.AutomationRun.findOne({}).orFail().lean();

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  url = `http://${host}/hook`;
  adoptEnvironment({ LOCAL_ALLOWED_HOSTS: host });
});
beforeEach(async () => {
  tenant = await createTenant();
  answers = [];
  heard = [];
});
afterAll(async () => {
  server.close();
  await closeAllConnections();
});

test("a webhook is signed JSON that the receiver can check with the secret", async () => {
  const { secret } = await rotateWebhookSecret(contextOf());
  await ruleOf({ id: "tell", type: "webhook", url, data: { who: "{{lead.firstName}}" } });
  const lead = await go();
  expect(heard).toHaveLength(1);
  const [{ headers, body } = { headers: {}, body: "" }] = heard;
  expect(JSON.parse(body)).toMatchObject({
    leadId: lead.id,
    data: { who: "Ana" },
    event: { type: "tag_added" },
  });
  const hmac = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"));
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  expect(headers["webhook-signature"]).toBe(`v1,${hmac.update(signed).digest("base64")}`);
});

test("a webhook is tried again on a 5xx under the same id, and not on a 4xx", async () => {
  await rotateWebhookSecret(contextOf());
  await ruleOf({ id: "tell", type: "webhook", url });
  answers = [503];
  await go();
  await moveClock({ byMs: 10 * 60_000 });
  await drainAll(dispatchEvents);
  expect(heard).toHaveLength(2);
  expect(new Set(heard.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(await onlyRun()).toMatchObject({ status: "completed" });
  answers = [410];
  const refused = await go();
  await moveClock({ byMs: 60 * 60_000 });
  await drainAll(dispatchEvents);
  expect(heard).toHaveLength(3);
  expect(await tenant.models.AutomationRun.findOne({ leadId: refused.id }).lean()).toMatchObject({
    status: "failed",
    error: { code: "webhook-refused", stepId: "tell" },
  });
});

test("a webhook to a private address is refused before anything is asked", async () => {
  await rotateWebhookSecret(contextOf());
  await ruleOf({ id: "tell", type: "webhook", url: url.replace(/:\d+/, ":1") });
  await go();
  expect(await onlyRun()).toMatchObject({ status: "failed", error: { code: "url-not-allowed" } });
  expect(heard).toEqual([]);
});

test("a rule sets fields by variables as their types, and puts a note on the lead", async () => {
  await ruleOf(
    {
      id: "set",
      type: "update_lead",
      fields: { score: "{{ 20 | plus: 22 }}", company: "{{lead.firstName}} Lda" },
    },
    { id: "note", type: "add_note", text: "Scored {{lead.score}}" },
  );
  const lead = await go();
  expect(await getLead(contextOf(), lead.id)).toMatchObject({ score: 42, company: "Ana Lda" });
  expect(await tenant.models.Note.findOne({ leadId: lead.id }).lean()).toMatchObject({ text: "Scored 42" });
});

test("a rule changes status, priority and labels of the lead's conversation", async () => {
  await ruleOf({
    id: "set",
    type: "set_conversation",
    status: "pending",
    priority: "high",
    addLabels: ["billing"],
  });
  const lead = await go((leadId) =>
    tenant.models.Conversation.create({
      version: 1,
      createdAt: now(),
      updatedAt: now(),
      leadId,
      channel: "whatsapp",
      connectionId: new Types.ObjectId(),
      lastActivityAt: now(),
      labels: ["vip"],
    }),
  );
  expect(await tenant.models.Conversation.findOne({ leadId: lead.id }).lean()).toMatchObject({
    status: "pending",
    priority: "high",
    labels: ["vip", "billing"],
  });
  expect(await onlyRun()).toMatchObject({ status: "completed" });
});
