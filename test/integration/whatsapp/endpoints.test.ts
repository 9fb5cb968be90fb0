/** Tenants' own Meta apps, numbers that move, and what Meta tells of accounts. */
import { createHmac } from "node:crypto";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { whatsappWebhookRoutes } from "../../../src/routes/whatsapp.webhook.routes";
import { resolveChannelRoute } from "../../../src/services/clients/data.source.service";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
import { disconnectNumber } from "../../../src/services/saas/whatsapp/disconnect.number.service";
import { createEndpoint, rotateEndpointSecret } from "../../../src/services/saas/whatsapp/endpoint.service";
import { lambdaTransport } from "../../builders/api.client";
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
const webhook = lambdaTransport(whatsappWebhookRoutes);

beforeAll(async () => {
  stack = await startWhatsApp();
  a = await whatsappTenant(stack, numberOf(1));
  b = await whatsappTenant(stack, numberOf(2));
});
afterAll(() => stack.close());

function post(path: string, body: unknown, secret: string) {
  const bytes = Buffer.from(JSON.stringify(body));
  const signature = `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
  const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
  return webhook({ method: "POST", path, bytes, headers });
}

test("a tenant's own app delivers at its own address, with its current or previous secret, for its own numbers only", async () => {
  const { clientCode } = a.ctx;
  const endpoint = await createEndpoint(platformContext(), clientCode, { appSecret: "secret-of-a-1" });
  const { endpointId, path, verifyToken } = endpoint;
  const verify = (token: string) =>
    webhook({
      method: "GET",
      path: `${path}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=115820`,
    });
  expect((await verify(verifyToken)).bytes.toString()).toBe("115820");
  expect((await verify("another")).status).toBe(403);
  expect((await verify("")).status).toBe(403);

  await connectNumber(a.ctx, { ...a.number, endpointId });
  await rotateEndpointSecret(platformContext(), clientCode, { endpointId, appSecret: "secret-of-a-2" });
  const ours = (id: string) => webhookBody(a.number, { messages: [customerMessage("447700920001", { id })] });
  expect((await post(path, ours("wamid.own.1"), "secret-of-a-2")).status).toBe(200);
  expect((await post(path, ours("wamid.own.2"), "secret-of-a-1")).status).toBe(200);
  expect((await post(path, ours("wamid.own.3"), "test-app-secret")).status).toBe(401);
  const nowhere = "/api/webhooks/whatsapp/0123456789abcdef01234567";
  expect((await post(nowhere, ours("wamid.own.4"), "secret-of-a-2")).status).toBe(401);

  // B's number under A's signature, and A's under the platform's
  const before = await b.models.WebhookEvent.countDocuments({});
  const theirs = webhookBody(b.number, { messages: [customerMessage("447700920002")] });
  expect((await post(path, theirs, "secret-of-a-2")).status).toBe(200);
  expect((await stack.deliver(ours("wamid.own.5"))).status).toBe(200);
  const { Quarantine, Secret } = await getCentralModels();
  expect(await Quarantine.countDocuments({ reason: "wrong_endpoint" })).toBe(2);
  expect(await b.models.WebhookEvent.countDocuments({})).toBe(before);
  await stack.drain();
  const stored = await a.models.Message.find({ direction: "inbound" })
    .sort({ "provider.messageId": 1 })
    .lean();
  expect(stored.map(({ provider }) => provider.messageId)).toEqual(["wamid.own.1", "wamid.own.2"]);
  expect(JSON.stringify(await Secret.find({ clientCode }).lean())).not.toContain("secret-of-a");
  await expect(connectNumber(b.ctx, { ...b.number, endpointId })).rejects.toMatchObject({
    code: "not-found",
  });
});

test("a number that another process bound to another endpoint a moment ago is routed by that one at once", async () => {
  const { clientCode } = b.ctx;
  const routeKey = `pn:${b.number.phoneNumberId}` as const;
  expect(await resolveChannelRoute(routeKey, "default")).toEqual({ clientCode });
  const { ChannelRoute } = await getCentralModels();
  await ChannelRoute.updateOne({ _id: routeKey }, { $set: { endpointId: "own" } });
  expect(await resolveChannelRoute(routeKey, "own")).toEqual({ clientCode });
  await ChannelRoute.updateOne({ _id: routeKey }, { $set: { endpointId: "default" } });
  expect(await resolveChannelRoute(routeKey, "default")).toEqual({ clientCode });
  expect(await resolveChannelRoute(routeKey, "own")).toEqual({ wrongEndpoint: true });
});

test("a number that moves to another tenant leaves its history behind and begins anew", async () => {
  const stays = await a.models.Message.countDocuments({});
  await expect(connectNumber(b.ctx, a.number)).rejects.toMatchObject({ code: "duplicate" });
  await disconnectNumber(a.ctx, a.number.phoneNumberId);
  const connected = await connectNumber(b.ctx, a.number);
  expect(connected).toMatchObject({ isDefault: false, missing: [] });
  const message = customerMessage("447700920011");
  expect((await stack.deliver(webhookBody(a.number, { messages: [message] }))).status).toBe(200);
  await stack.drain();
  expect(await b.models.Message.countDocuments({ "provider.messageId": message.id })).toBe(1);
  expect(await a.models.Message.countDocuments({})).toBe(stays);
});

test("what Meta tells of an account and a number is kept, stops and resumes sending, and tells a person", async () => {
  const { Alert } = await getCentralModels();
  const tell = async (field: string, value: Record<string, unknown>, time: number) => {
    const entry = [{ id: b.number.wabaId, time, changes: [{ field, value }] }];
    expect((await stack.deliver({ object: "whatsapp_business_account", entry })).status).toBe(200);
    await stack.drain();
    return b.models.Connection.findOne({ phoneNumberId: b.number.phoneNumberId }).lean();
  };
  const display_phone_number = b.number.displayPhoneNumber.slice(1);
  await tell("business_capability_update", { max_daily_conversations_per_business: 2_000 }, 1_780_000_100);
  const late = await tell(
    "business_capability_update",
    { max_daily_conversations_per_business: "TIER_250" },
    1_780_000_050,
  );
  expect(late?.messagingLimit).toBe("2000");
  const flagged = await tell(
    "phone_number_quality_update",
    { display_phone_number, event: "FLAGGED" },
    1_780_000_100,
  );
  expect(flagged?.qualityRating).toBe("RED");
  const named = await tell(
    "phone_number_name_update",
    { display_phone_number, decision: "APPROVED", requested_verified_name: "New name" },
    1_780_000_100,
  );
  expect(named).toMatchObject({ verifiedName: "New name", nameStatus: "APPROVED" });
  const banned = await tell(
    "account_update",
    { event: "DISABLED_UPDATE", ban_info: { waba_ban_state: "DISABLE" } },
    1_780_000_100,
  );
  expect(banned).toMatchObject({ state: "paused", pausedReason: expect.stringContaining("disabled") });
  const again = await tell(
    "account_update",
    { event: "DISABLED_UPDATE", ban_info: { waba_ban_state: "REINSTATE" } },
    1_780_000_200,
  );
  expect(again?.state).toBe("active");
  await tell("security", { display_phone_number, event: "PIN_CHANGED" }, 1_780_000_100);
  const alerts = await Alert.find({ clientCode: b.ctx.clientCode, state: "open" }).lean();
  expect(alerts.map(({ code }) => code).sort()).toEqual(["whatsapp-number-quality", "whatsapp-security"]);
  const told = await tell("flows", { event: "FLOW_STATUS_CHANGE" }, 1_780_000_100);
  expect(told?.state).toBe("active");
  expect(await b.models.WebhookEvent.findOne({ field: "flows" }).lean()).toMatchObject({
    state: "ignored",
    what: "FLOW_STATUS_CHANGE",
    reason: expect.stringContaining("kept raw"),
  });
});
