import { setTimeout as pause } from "node:timers/promises";
import { acme, ana, at, type Harness, isStatus, startHarness, statusOf, wamidOf } from "./graph.harness";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: ana, name: "Ana", text: "Hi" });
});
afterEach(() => harness.stop());

const hello = { type: "text", text: { body: "Hello" }, biz_opaque_callback_data: "msg:66f0" };
const names = (webhooks: { json: unknown }[]) =>
  webhooks.map(({ json }) => at(json, "entry.0.changes.0.value.statuses.0.status"));

test("sent, delivered and read follow, with the callback data and the price", async () => {
  const wamid = wamidOf(await harness.send(hello));
  const statuses = (await harness.webhooks(3, isStatus)).map(statusOf);
  expect(statuses).toMatchObject([
    {
      id: wamid,
      status: "sent",
      recipient_id: ana,
      recipient_user_id: expect.any(String),
      biz_opaque_callback_data: "msg:66f0",
      pricing: { pricing_model: "PMP", category: "service" },
    },
    { id: wamid, status: "delivered", biz_opaque_callback_data: "msg:66f0" },
    { id: wamid, status: "read", biz_opaque_callback_data: "msg:66f0" },
  ]);
  expect(statuses[2]).not.toHaveProperty("pricing");
});

test("in the wrong order and twice, while the times still say what happened first", async () => {
  await harness.sim("/statuses", {
    steps: [
      { status: "read", afterMs: 10, times: 2 },
      { status: "delivered", afterMs: 1200 },
      { status: "sent", afterMs: 2400 },
    ],
  });
  await harness.send(hello);
  const webhooks = await harness.webhooks(4, isStatus);
  expect(names(webhooks)).toEqual(["read", "read", "delivered", "sent"]);
  const times = webhooks.map((webhook) => Number(at(statusOf(webhook), "timestamp")));
  expect(times[0]).toBe(times[1]);
  expect(times[0]).toBeGreaterThan(times[2] ?? Number.NaN);
  expect(times[2]).toBeGreaterThan(times[3] ?? Number.NaN);
});

test("before the answer to the send", async () => {
  await harness.sim("/statuses", { steps: [{ status: "sent", beforeAnswer: true }] });
  const sent = await harness.send(hello);
  expect(harness.received.filter(isStatus).map((webhook) => at(statusOf(webhook), "id"))).toEqual([
    wamidOf(sent),
  ]);
});

test("one recipient fails with a code of one's choice, the others do not", async () => {
  await harness.sim("/statuses", { to: `+${ana}`, steps: [{ status: "failed", afterMs: 10, code: 130472 }] });
  await harness.send(hello);
  const [failed] = await harness.webhooks(1, isStatus);
  expect(statusOf(failed ?? { path: "", headers: {}, bytes: Buffer.alloc(0), json: {} })).toMatchObject({
    status: "failed",
    errors: [
      {
        code: 130472,
        title: "User's number is part of an experiment",
        error_data: {},
        href: expect.any(String),
      },
    ],
  });
  expect(at(failed?.json, "entry.0.changes.0.value.contacts")).toBeUndefined();
  await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: "447700900555", text: "Hi" });
  await harness.send(hello, "+447700900555");
  expect(names(await harness.webhooks(4, isStatus)).slice(1)).toEqual(["sent", "delivered", "read"]);
});

test("none at all, and then one by hand", async () => {
  await harness.sim("/statuses", { steps: [] });
  const wamid = wamidOf(await harness.send(hello));
  await pause(300);
  expect(harness.received.filter(isStatus)).toEqual([]);
  const byHand = await harness.sim("/statuses/send", {
    wamid,
    status: "delivered",
    timestamp: 1_780_000_000,
  });
  expect(at(byHand.json, "deliveries.0.outcome")).toBe("delivered");
  expect(statusOf((await harness.webhooks(1, isStatus))[0] ?? fail())).toMatchObject({
    status: "delivered",
    timestamp: "1780000000",
    biz_opaque_callback_data: "msg:66f0",
  });
});

test("many in one POST", async () => {
  await harness.sim("/statuses", { steps: [{ status: "sent", afterMs: 0, times: 3 }], batchMs: 100 });
  await Promise.all([harness.send(hello), harness.send(hello), harness.send(hello)]);
  await pause(400);
  const bodies = harness.received.filter(isStatus);
  const total = bodies
    .map(({ json }) => at(json, "entry.0.changes.0.value.statuses"))
    .reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
  expect(total).toBe(9);
  expect(bodies.length).toBeLessThanOrEqual(2);
});

test("free-form outside 24 hours is accepted and then fails with 131047; a template goes through", async () => {
  await harness.sim("/clock", { offsetMs: 24 * 3_600_000 });
  expect((await harness.send(hello)).status).toBe(200);
  const [failed] = await harness.webhooks(1, isStatus);
  expect(statusOf(failed ?? fail())).toMatchObject({ status: "failed", errors: [{ code: 131047 }] });
  await harness.send({ type: "template", template: { name: "hello_world", language: { code: "en_US" } } });
  const rest = (await harness.webhooks(4, isStatus)).slice(1);
  expect(names(rest)).toEqual(["sent", "delivered", "read"]);
  expect(rest.map((webhook) => at(statusOf(webhook), "pricing.category"))).toEqual([
    "utility",
    "utility",
    undefined,
  ]);
});

test("a stranger's window is closed, and a user's can be opened for a test", async () => {
  const stranger = "447700900321";
  await harness.send(hello, `+${stranger}`);
  expect(names(await harness.webhooks(1, isStatus))).toEqual(["failed"]);
  await harness.sim("/users", {
    phone: stranger,
    phoneNumberId: acme.phoneNumberId,
    windowOpenedAt: new Date().toISOString(),
  });
  await harness.send(hello, `+${stranger}`);
  expect(names(await harness.webhooks(2, isStatus))).toEqual(["failed", "sent"]);
});

test("a reaction is only sent, and one to an unknown message fails", async () => {
  const { json } = await harness.sim("/inbound", {
    phoneNumberId: acme.phoneNumberId,
    from: ana,
    text: "Hi",
  });
  await harness.send({ type: "reaction", reaction: { message_id: at(json, "wamid"), emoji: "👍" } });
  await pause(300);
  expect(names(harness.received.filter(isStatus))).toEqual(["sent"]);
  await harness.send({ type: "reaction", reaction: { message_id: "wamid.nobody", emoji: "" } });
  const failed = (await harness.webhooks(2, isStatus))[1];
  expect(statusOf(failed ?? fail())).toMatchObject({ status: "failed", errors: [{ code: 131009 }] });
});

test("somebody who is not on WhatsApp gets 131026", async () => {
  await harness.sim("/users", { phone: ana, onWhatsApp: false });
  await harness.send(hello);
  const [failed] = await harness.webhooks(1, isStatus);
  expect(statusOf(failed ?? fail())).toMatchObject({ status: "failed", errors: [{ code: 131026 }] });
});

test("what was accepted and which statuses went out can be looked up", async () => {
  const wamid = wamidOf(await harness.send(hello));
  await harness.webhooks(3, isStatus);
  await pause(20);
  const { json } = await harness.sim("/state");
  expect(at(json, "messages.0")).toMatchObject({
    wamid,
    waId: ana,
    callbackData: "msg:66f0",
    statuses: [{ status: "sent" }, { status: "delivered" }, { status: "read" }],
  });
});

function fail(): never {
  throw new Error("No webhook came");
}
