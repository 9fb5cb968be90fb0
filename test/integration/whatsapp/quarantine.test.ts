/** What cannot be stored with its tenant waits sealed, and is taken up when the tenant can have it. */

import { setTimeout as sleep } from "node:timers/promises";
import { sealSecret } from "../../../src/lib/crypto/secret.box";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { expireTenant } from "../../../src/lib/tenant/tenant.registry";
import { dataSourcePlace } from "../../../src/lib/tenant/tenant.source";
import { resumeClient, suspendClient } from "../../../src/services/clients/suspend.client.service";
import { quarantine, replayQuarantine } from "../../../src/services/saas/whatsapp/quarantine.service";
import { platformContext } from "../../builders/client.builder";
import {
  contactOf,
  customerMessage,
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp([1, 2, 3].map(numberOf));
  tenant = await whatsappTenant(stack, numberOf(1));
});
afterAll(() => stack.close());

const bodyFor = (number = tenant.number, from = "447700907001") => {
  const message = customerMessage(from, { text: { body: "a secret text" } });
  return { message, body: webhookBody(number, { contacts: [contactOf(from, "Ana")], messages: [message] }) };
};

test("a number nobody has is kept sealed, once, and answered with 200", async () => {
  const { body } = bodyFor(numberOf(2));
  expect((await stack.deliver(body)).status).toBe(200);
  expect((await stack.deliver(body)).status).toBe(200);
  const { Quarantine } = await getCentralModels();
  const rows = await Quarantine.find({}).lean();
  expect(rows).toMatchObject([
    { reason: "unknown_route", clientCode: null, routeKey: `pn:${numberOf(2).phoneNumberId}`, state: "held" },
  ]);
  expect(JSON.stringify(rows)).not.toMatch(/secret text|447700907001|Ana/);
  const days = (Number(rows[0]?.expireAt) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(30);
});

test("it becomes a message when the number is connected", async () => {
  const { message, body } = bodyFor(numberOf(2), "447700907002");
  await stack.deliver(body);
  const other = await whatsappTenant(stack, numberOf(2));
  await stack.drain();
  expect(await other.models.Message.countDocuments({ "provider.messageId": message.id })).toBe(1);
  const { Quarantine } = await getCentralModels();
  expect(await Quarantine.countDocuments({ state: "held" })).toBe(0);
});

test("a number and an account of two tenants in one change belong to neither", async () => {
  const { message, body } = bodyFor();
  const mixed = { ...body, entry: [{ ...Object(body.entry[0]), id: numberOf(2).wabaId }] };
  expect((await stack.deliver(mixed)).status).toBe(200);
  const { Quarantine } = await getCentralModels();
  expect(await Quarantine.countDocuments({ reason: "route_conflict" })).toBe(1);
  await stack.drain();
  expect(await tenant.models.Message.countDocuments({ "provider.messageId": message.id })).toBe(0);
});

test("a change over another endpoint than the number is bound to is never routed", async () => {
  const { ChannelRoute, Quarantine } = await getCentralModels();
  await whatsappTenant(stack, numberOf(3));
  await ChannelRoute.updateOne(
    { _id: `pn:${numberOf(3).phoneNumberId}` },
    { $set: { endpointId: "own-app" } },
  );
  const { body } = bodyFor(numberOf(3));
  expect((await stack.deliver(body)).status).toBe(200);
  expect(await Quarantine.countDocuments({ reason: "wrong_endpoint" })).toBe(1);
});

test("a tenant whose database does not answer loses nothing, and nobody waits for it", async () => {
  const { ClientDataSource, Quarantine } = await getCentralModels();
  const { clientCode } = tenant.ctx;
  const source = await ClientDataSource.findOne({ clientCode }).lean();
  const down = "mongodb://127.0.0.1:1/?directConnection=true&serverSelectionTimeoutMS=5000";
  const set = (uriEnvelope: string) =>
    ClientDataSource.updateOne({ clientCode }, { $set: { uriEnvelope }, $inc: { version: 1 } });
  await set(sealSecret(dataSourcePlace(clientCode), down));
  expireTenant(clientCode);

  const { message, body } = bodyFor(tenant.number, "447700907004");
  const began = Date.now();
  expect((await stack.deliver(body)).status).toBe(200);
  expect(Date.now() - began).toBeLessThan(2_500);
  const held = { clientCode, reason: "tenant_unavailable" as const, state: "held" as const };
  expect(await Quarantine.countDocuments(held)).toBe(1);

  await set(source?.uriEnvelope ?? "");
  expireTenant(clientCode);
  // whoever still waits for the old address may fail once more; the replay comes back
  const { Job } = await getCentralModels();
  for (let tries = 0; tries < 20 && (await Quarantine.countDocuments(held)) > 0; tries += 1) {
    await Job.updateMany({ state: "scheduled" }, { $set: { runAt: new Date(0) } });
    await stack.drain();
    await sleep(250);
  }
  expect(await Quarantine.countDocuments(held)).toBe(0);
  await stack.drain();
  expect(await tenant.models.Message.countDocuments({ "provider.messageId": message.id })).toBe(1);
});

test("a row that cannot be opened holds back no other one, and a person is told", async () => {
  const { Alert, Quarantine } = await getCentralModels();
  const { clientCode } = tenant.ctx;
  const receivedAt = new Date(Date.now() - 60_000);
  const sealed = { reason: "tenant_unavailable", clientCode, routeKey: null, endpointId: "default" } as const;
  await quarantine({ ...sealed, items: [] }, { receivedAt, requestId: "req_broken" });
  await Quarantine.updateOne({ requestId: "req_broken" }, { $set: { envelope: "not sealed by any key" } });
  const raw = { dedupeKey: "h:behind", field: "future", kind: "other", what: null, raw: "{}" } as const;
  const items = [{ ...raw, wabaId: tenant.number.wabaId, phoneNumberId: null }];
  await quarantine({ ...sealed, items }, { receivedAt: new Date(), requestId: "req_behind" });

  expect(await replayQuarantine(clientCode)).toEqual({ replayed: 1, unavailable: false });
  const broken = await Quarantine.findOne({ requestId: "req_broken" }).lean();
  expect(broken?.state).toBe("held");
  const alert = await Alert.findOne({ clientCode, code: "quarantine-unreadable", state: "open" }).lean();
  expect(alert?.detail).toContain(String(broken?._id));
  await stack.drain();
  expect(await tenant.models.WebhookEvent.findOne({ dedupeKey: "h:behind" }).lean()).toMatchObject({
    state: "ignored",
  });
  await Quarantine.deleteOne({ requestId: "req_broken" });
});

test("a suspended tenant's messages are stored at once and processed when it is resumed", async () => {
  const { clientCode } = tenant.ctx;
  await suspendClient(platformContext(), clientCode, "unpaid");
  const { message, body } = bodyFor(tenant.number, "447700907005");
  expect((await stack.deliver(body)).status).toBe(200);
  await resumeClient(platformContext(), clientCode);
  expireTenant(clientCode);
  await stack.drain();
  expect(await tenant.models.Message.countDocuments({ "provider.messageId": message.id })).toBe(1);
});
