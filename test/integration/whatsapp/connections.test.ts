/** A tenant's numbers: what is shown of them, numbers that are let go, and what waits for a paused one. */
import { pageSchema } from "../../../src/contracts/common.contract";
import { connectionSchema, unusedKindsSchema } from "../../../src/contracts/connection.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { adminWhatsAppRoutes } from "../../../src/routes/admin/whatsapp.routes";
import { connectionRoutes } from "../../../src/routes/crm/connection.routes";
import { createAdminKey } from "../../../src/services/clients/admin.key.service";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
import { pauseConnection, resumeConnection } from "../../../src/services/saas/whatsapp/pause.connection";
import { ApiClient, lambdaTransport } from "../../builders/api.client";
import { platformContext } from "../../builders/client.builder";
import {
  customerMessage,
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let a: WhatsAppTenant;
let b: WhatsAppTenant;
let admin: ApiClient;
const apiOf = ({ keys }: WhatsAppTenant) => new ApiClient(lambdaTransport(connectionRoutes), keys);

beforeAll(async () => {
  stack = await startWhatsApp();
  a = await whatsappTenant(stack, numberOf(1));
  b = await whatsappTenant(stack, numberOf(2));
  const { key } = await createAdminKey(platformContext(), { name: "anna" });
  admin = new ApiClient(lambdaTransport(adminWhatsAppRoutes), { "x-admin-key": key });
});
afterAll(() => stack.close());

/** A conversation that was opened by the customer. */
async function conversationWith({ number, models }: WhatsAppTenant, from: string): Promise<string> {
  await stack.deliver(webhookBody(number, { messages: [customerMessage(from)] }));
  await stack.drain();
  const lead = await models.Lead.findOne({ waId: from }).orFail();
  return String((await models.Conversation.findOne({ leadId: lead._id }).orFail())._id);
}

const text = (clientId: string) => ({ clientId, kind: "text", text: "Hello" });

test("a tenant sees its numbers with what Meta says of them and what is missing", async () => {
  const page = (await apiOf(a).get("/api/crm/connections")).as(pageSchema(connectionSchema));
  expect(page.data).toMatchObject([
    {
      id: a.connectionId,
      state: "active",
      isDefault: true,
      missing: [],
      phoneNumberId: a.number.phoneNumberId,
    },
  ]);
  expect(JSON.stringify(page)).not.toContain(a.number.token);
  await a.models.Connection.updateOne({}, { $set: { nameStatus: "DECLINED", codeVerification: "EXPIRED" } });
  const one = (await apiOf(a).get(`/api/crm/connections/${a.connectionId}`)).as(connectionSchema);
  expect(one.missing).toEqual([expect.stringContaining("EXPIRED"), expect.stringContaining("DECLINED")]);
  expect((await apiOf(b).get(`/api/crm/connections/${a.connectionId}`)).status).toBe(404);
  expect((await apiOf(a).get("/api/crm/connections?state=paused")).json()).toMatchObject({ data: [] });
});

test("what came and is not used is counted by kind, with the reason", async () => {
  const message = (type: string) => ({ ...customerMessage("447700930001"), type, text: undefined });
  const entry = [
    ...webhookBody(a.number, {
      messages: [message("hologram"), message("hologram"), customerMessage("447700930001")],
    }).entry,
    {
      id: a.number.wabaId,
      time: 1_780_000_000,
      changes: [{ field: "flows", value: { event: "FLOW_STATUS_CHANGE" } }],
    },
  ];
  expect((await stack.deliver({ object: "whatsapp_business_account", entry })).status).toBe(200);
  await stack.drain();
  const kinds = async (query = "") =>
    (await apiOf(a).get(`/api/crm/webhook-events/kinds${query}`)).as(unusedKindsSchema).data;
  expect(await kinds()).toMatchObject([
    { outcome: "unsupported", field: "messages", what: "hologram", count: 2 },
    {
      outcome: "ignored",
      field: "flows",
      what: "FLOW_STATUS_CHANGE",
      count: 1,
      reason: expect.stringContaining("kept raw"),
    },
  ]);
  expect(await kinds("?since=2100-01-01T00:00:00.000Z")).toEqual([]);
});

test("messages that wait for a paused number go as soon as it works again", async () => {
  const conversation = await conversationWith(a, "447700930002");
  const connection = await a.models.Connection.findOne({}).orFail();
  await pauseConnection(a.ctx, connection._id, "No access.");
  const path = `/api/crm/conversations/${conversation}/messages`;
  for (const clientId of ["wait-1", "wait-2"])
    expect((await a.api.post(path, text(clientId))).status).toBe(202);
  await stack.drain();
  const statuses = async () =>
    (
      await a.models.Message.find({ clientId: /^wait-/ })
        .sort({ clientId: 1 })
        .lean()
    ).map(({ status }) => status);
  expect(await statuses()).toEqual(["queued", "queued"]);
  await resumeConnection(a.ctx, connection._id);
  await stack.drain();
  expect(await statuses()).not.toContain("queued");
  expect(await stack.sends("+447700930002")).toHaveLength(2);
});

test("a person whom Meta says stopped marketing messages gets no more of them", async () => {
  const conversation = await conversationWith(a, "447700930003");
  await stack.sim("/_sim/faults", { match: { to: "+447700930003" }, status: 400, code: 131_050, times: 1 });
  await a.api.post(`/api/crm/conversations/${conversation}/messages`, text("stopped"));
  await stack.drain();
  const message = await a.models.Message.findOne({ clientId: "stopped" }).orFail();
  expect(message).toMatchObject({ status: "failed", error: { code: 131_050 } });
  const lead = await a.models.Lead.findById(message.leadId).lean();
  expect(lead?.consent.marketing).toMatchObject({ optIn: false, source: "user_preferences" });
});

test("a number that is let go fails what waits, refuses what is new, and what still comes goes to whoever has it next", async () => {
  const { phoneNumberId, wabaId } = a.number;
  const conversation = await conversationWith(a, "447700930004");
  const connection = await a.models.Connection.findOne({}).orFail();
  await pauseConnection(a.ctx, connection._id, "No access.");
  const path = `/api/crm/conversations/${conversation}/messages`;
  await a.api.post(path, text("left-1"));
  await stack.drain();
  const remove = () =>
    admin.delete(`/api/admin/clients/${a.ctx.clientCode}/whatsapp-numbers/${phoneNumberId}`);
  expect((await remove()).status).toBe(204);
  const before = await a.models.Connection.findOne({}).orFail();
  expect((await remove()).status).toBe(204);
  expect((await a.models.Connection.findOne({}).orFail()).version).toBe(before.version);
  await stack.drain();
  expect(await a.models.Message.findOne({ clientId: "left-1" }).lean()).toMatchObject({
    status: "failed",
    error: { explanation: expect.stringContaining("disconnected") },
  });
  expect((await a.api.post(path, text("left-2"))).problem()).toMatchObject({ code: "invalid-state" });

  // as in a container that still believes the old binding
  const { ChannelRoute } = await getCentralModels();
  const binding = { clientCode: a.ctx.clientCode, endpointId: "default", boundAt: new Date() };
  await ChannelRoute.insertMany([
    { _id: `pn:${phoneNumberId}`, ...binding },
    { _id: `waba:${wabaId}`, ...binding },
  ]);
  const message = customerMessage("447700930005");
  await stack.deliver(webhookBody(a.number, { messages: [message] }));
  expect(await a.models.WebhookEvent.countDocuments({ state: "received" })).toBe(1);
  await ChannelRoute.deleteMany({ clientCode: a.ctx.clientCode });
  await connectNumber(b.ctx, a.number);
  await stack.drain();
  const id = { "provider.messageId": message.id };
  expect(await a.models.Message.countDocuments(id)).toBe(0);
  expect(await a.models.WebhookEvent.countDocuments({ dedupeKey: `m:${phoneNumberId}:${message.id}` })).toBe(
    0,
  );
  expect(await b.models.Message.countDocuments(id)).toBe(1);
});
