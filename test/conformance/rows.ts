/** One row of everything that has an id in a path, for a tenant. */
import { Types } from "mongoose";
import * as z from "zod";
import type { CrmModels } from "../../src/lib/tenant/get.crm.model";
import type { ApiClient } from "../builders/api.client";
import type { Ids } from "./target";

const madeSchema = z.object({ id: z.string() });

async function make(api: ApiClient, path: string, body: object, status = 201): Promise<string> {
  const answer = await api.post(path, body);
  if (answer.status !== status)
    throw new Error(`${path} answered ${answer.status}: ${answer.bytes.toString()}`);
  return answer.as(madeSchema).id;
}

/** Writes the rows and answers with their ids by path segment. ADD A RESOURCE WITH IDS HERE. */
export async function makeRows(api: ApiClient, models: CrmModels): Promise<Ids> {
  const at = new Date();
  const base = { version: 1, createdAt: at, updatedAt: at };
  const actor = { type: "system" as const, id: "test" };
  const connection = await models.Connection.create({
    ...base,
    channel: "whatsapp",
    phoneNumberId: "100200300",
    wabaId: "900800700",
    displayPhoneNumber: "+15550001111",
  });
  const pipeline = await models.Pipeline.findOne({ isDefault: true }).orFail();
  const [stage] = pipeline.stages;
  if (!stage) throw new Error("The default pipeline has no stage.");
  const leads = await make(api, "/api/crm/leads", { firstName: "Somebody", phone: "+5511987650000" });
  const leadId = new Types.ObjectId(leads);
  const conversation = await models.Conversation.create({
    ...base,
    leadId,
    channel: "whatsapp",
    connectionId: connection._id,
    lastActivityAt: at,
  });
  const message = await models.Message.create({
    ...base,
    conversationId: conversation._id,
    connectionId: connection._id,
    leadId,
    direction: "inbound",
    kind: "text",
    text: "hello",
    clientId: "m1",
    provider: { name: "whatsapp" },
    status: "received",
    sender: { type: "lead", id: leads },
    actor,
    sentAt: at,
  });
  const template = await models.Template.create({
    ...base,
    wabaId: "900800700",
    name: "welcome",
    language: "en_US",
    providerId: "1",
    status: "APPROVED",
    category: "UTILITY",
    parameterFormat: "NAMED",
    components: [{ type: "BODY", text: "Hello" }],
    syncedAt: at,
  });
  const definition = {
    trigger: { event: "lead_created" },
    steps: [{ id: "s1", type: "delay", duration: "PT5M" }],
  };
  const rule = await models.AutomationRule.create({
    ...base,
    name: "Rule",
    draft: definition,
    createdBy: actor,
  });
  await models.AutomationVersion.create({
    ruleId: rule._id,
    n: 1,
    grammar: 1,
    definition,
    publishedBy: actor,
    publishedAt: at,
    settledAt: at,
  });
  const run = await models.AutomationRun.create({
    ...base,
    ruleId: rule._id,
    ruleVersion: 1,
    leadId,
    enrollmentKey: "once",
    triggerEvent: { id: "e1", type: "lead_created", occurredAt: at, data: {}, subject: {} },
    causation: { rootEventId: "e1", depth: 0, ruleIds: [] },
    status: "completed",
    cursor: { stepId: null, iteration: 0 },
    startedAt: at,
  });
  const enrollment = await models.AutomationEnrollment.create({
    ...base,
    ruleId: rule._id,
    state: "done",
    search: { query: "ana" },
    upTo: leadId,
    requestId: "r-00000001",
    createdBy: actor,
    expireAt: new Date(at.getTime() + 86_400_000),
  });
  const notification = await models.Notification.create({
    userId: "maria",
    kind: "rule",
    text: "Look at this.",
    createdAt: at,
    expireAt: new Date(at.getTime() + 86_400_000),
  });
  await models.EventType.create({ ...base, key: "order_paid", name: "Order paid" });
  const erasure = await models.Erasure.create({
    ...base,
    leadId: new Types.ObjectId(),
    state: "done",
    requestedBy: actor,
    requestId: "r-00000001",
    endedAt: at,
  });
  const startsAt = new Date(at.getTime() + 86_400_000).toISOString();
  return {
    leads,
    meetings: await make(api, "/api/crm/meetings", { leadId: leads, title: "Visit", startsAt }),
    media: await make(api, "/api/crm/media", { mime: "image/jpeg", size: 5 }),
    tasks: await make(api, "/api/crm/tasks", { title: "Call" }),
    users: await make(api, "/api/crm/users", { key: "maria", name: "Maria", email: "maria@example.com" }),
    teams: await make(api, "/api/crm/teams", { key: "team_sales", name: "Sales" }),
    notifications: idOf(notification),
    "api-keys": await makeKey(api),
    "canned-responses": await make(api, "/api/crm/canned-responses", {
      shortCode: "hours",
      title: "Hours",
      text: "We open at 9.",
    }),
    "custom-fields": await make(api, "/api/crm/custom-fields", { key: "plan", name: "Plan", type: "text" }),
    imports: await make(api, "/api/crm/imports", { text: "phone\n+5511987654322\n" }, 202),
    exports: await make(api, "/api/crm/exports", {}, 202),
    erasures: idOf(erasure),
    "saved-searches": await make(api, "/api/crm/saved-searches", { name: "Somebody", query: "somebody" }),
    broadcasts: await make(api, "/api/crm/broadcasts", {
      name: "Offer",
      template: { name: "welcome" },
      audience: { query: "somebody" },
    }),
    sources: await make(api, "/api/crm/sources", { name: "fair" }),
    tags: await make(api, "/api/crm/tags", { name: "vip" }),
    "lost-reasons": await make(api, "/api/crm/lost-reasons", { name: "Price" }),
    pipelines: idOf(pipeline),
    stages: idOf(stage),
    conversations: idOf(conversation),
    messages: idOf(message),
    templates: idOf(template),
    connections: idOf(connection),
    automations: idOf(rule),
    "automation-runs": idOf(run),
    "automation-enrollments": idOf(enrollment),
  };
}

async function makeKey(api: ApiClient): Promise<string> {
  const answer = await api.post("/api/crm/api-keys", { name: "row", scopes: ["leads:read"] });
  return answer.as(z.object({ keyId: z.string() })).keyId;
}

function idOf({ _id }: { _id: Types.ObjectId }): string {
  return _id.toHexString();
}
