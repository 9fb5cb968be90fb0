import { setTimeout as pause } from "node:timers/promises";
import {
  acme,
  ana,
  appSecret,
  at,
  codeOf,
  fieldOf,
  type Harness,
  other,
  signatureOf,
  startHarness,
} from "./graph.harness";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const write = (more: Record<string, unknown> = {}) =>
  harness.sim("/inbound", {
    phoneNumberId: acme.phoneNumberId,
    from: ana,
    name: "José 👍",
    text: "a/b ñ",
    ...more,
  });

test("the signature is over the exact bytes, whose non-ASCII is escaped in lower case and whose slashes too", async () => {
  await write();
  const [webhook] = await harness.webhooks(1);
  const text = webhook?.bytes.toString("latin1") ?? "";
  expect(text).toContain("Jos\\u00e9 \\ud83d\\udc4d");
  expect(text).toContain("a\\/b \\u00f1");
  expect([...text].every((character) => character.charCodeAt(0) < 0x80)).toBe(true);
  expect(webhook?.headers["x-hub-signature-256"]).toBe(
    signatureOf(appSecret, webhook?.bytes ?? Buffer.alloc(0)),
  );
  const rewritten = Buffer.from(JSON.stringify(webhook?.json));
  expect(webhook?.headers["x-hub-signature-256"]).not.toBe(signatureOf(appSecret, rewritten));
});

test("the envelope is Meta's: WABA, number, contact and message, times as strings", async () => {
  const { json } = await write({ timestamp: 1_780_000_000 });
  const [webhook] = await harness.webhooks(1);
  expect(webhook?.json).toEqual({
    object: "whatsapp_business_account",
    entry: [
      {
        id: acme.wabaId,
        changes: [
          {
            field: "messages",
            value: {
              messaging_product: "whatsapp",
              metadata: { display_phone_number: "15550001111", phone_number_id: acme.phoneNumberId },
              contacts: [
                { profile: { name: "José 👍" }, wa_id: ana, user_id: expect.stringMatching(/^GB\./) },
              ],
              messages: [
                {
                  from: ana,
                  from_user_id: expect.stringMatching(/^GB\./),
                  id: at(json, "wamid"),
                  timestamp: "1780000000",
                  type: "text",
                  text: { body: "a/b ñ" },
                },
              ],
            },
          },
        ],
      },
    ],
  });
});

test("a refused webhook comes again until it is taken, with the same bytes", async () => {
  harness.answers.push(503, 500);
  const { json } = await write();
  expect(at(json, "deliveries.0.outcome")).toBe("retrying");
  const tries = await harness.webhooks(3);
  expect(new Set(tries.map(({ bytes }) => bytes.toString())).size).toBe(1);
  const listed = await untilOutcome("delivered");
  expect(at(listed, "attempts")).toHaveLength(3);
});

test("it is given up after the last try, and can be sent again later", async () => {
  harness.answers.push(503, 503, 503);
  await write();
  await untilOutcome("gave-up");
  await harness.sim("/webhooks/retry", {});
  expect(at(await untilOutcome("delivered"), "attempts")).toHaveLength(4);
});

test("201 is not 200: Meta takes only 200 as success", async () => {
  harness.answers.push(201);
  await write();
  expect(await harness.webhooks(2)).toHaveLength(2);
});

test("a number with an app of its own is signed with that app's secret", async () => {
  await write({ phoneNumberId: other.phoneNumberId });
  const [webhook] = await harness.webhooks(1);
  const bytes = webhook?.bytes ?? Buffer.alloc(0);
  expect(webhook?.headers["x-hub-signature-256"]).toBe(signatureOf(other.appSecret, bytes));
});

test("without a subscribed app nothing is sent, and that is written down", async () => {
  await harness.call("DELETE", `/v24.0/${acme.wabaId}/subscribed_apps`);
  const { json } = await write();
  expect(at(json, "deliveries.0")).toMatchObject({
    outcome: "not-sent",
    reason: "the WABA has no subscribed app",
  });
  await harness.call("POST", `/v24.0/${acme.wabaId}/subscribed_apps`);
  await write();
  await harness.webhooks(1);
});

test("a callback of the WABA's own is verified first, and then takes its webhooks", async () => {
  const own = `${harness.hookUrl}/own`;
  const subscribe = (verify_token: string) =>
    harness.call("POST", `/v24.0/${acme.wabaId}/subscribed_apps`, {
      override_callback_uri: own,
      verify_token,
    });
  expect(codeOf(await subscribe("wrong"))).toBe(2200);
  expect((await subscribe("harness-verify-token")).json).toEqual({ success: true });
  await write();
  expect((await harness.webhooks(1))[0]?.path).toBe("/hook/own");
  await harness.call("POST", `/v24.0/${acme.wabaId}/subscribed_apps`);
  await write();
  expect((await harness.webhooks(2))[1]?.path).toBe("/hook");
});

test("a batch is one POST with an entry per message, parted by app", async () => {
  const message = (phoneNumberId: string, n: number) => ({
    phoneNumberId,
    from: `44770090${1000 + n}`,
    text: `${n}`,
  });
  const batch = [
    ...Array.from({ length: 20 }, (_, n) => message(acme.phoneNumberId, n)),
    message(other.phoneNumberId, 99),
  ];
  const { json } = await harness.sim("/inbound", { batch });
  expect(at(json, "messages")).toHaveLength(21);
  const posts = await harness.webhooks(2);
  expect(
    posts.map((post) => Object.keys(Object(at(post.json, "entry"))).length).sort((a, b) => a - b),
  ).toEqual([1, 20]);
});

test("a body delivered by hand keeps every byte, and may be signed wrongly", async () => {
  const bodyText = '{"object":"whatsapp_business_account","entry":[],"id": 9007199254740993}';
  const right = await harness.sim("/deliver", { bodyText });
  expect(right.json).toMatchObject({ status: 200 });
  await harness.sim("/deliver", { bodyText, signature: "sha256=00" });
  await harness.sim("/deliver", { bodyText, signature: "" });
  await harness.sim("/deliver", { bodyText, secret: "another" });
  const posts = await harness.webhooks(4);
  expect(posts.map(({ bytes }) => bytes.toString())).toEqual(Array.from({ length: 4 }, () => bodyText));
  const signatures = posts.map(({ headers }) => headers["x-hub-signature-256"]);
  const bytes = Buffer.from(bodyText);
  expect(signatures).toEqual([
    signatureOf(appSecret, bytes),
    "sha256=00",
    undefined,
    signatureOf("another", bytes),
  ]);
});

test("a message delivered by hand opens the window like any other", async () => {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const value = {
    metadata: { phone_number_id: acme.phoneNumberId },
    messages: [{ from: ana, id: "wamid.byhand", timestamp, type: "text", text: { body: "Hi" } }],
  };
  const change = { field: "messages", value };
  await harness.sim("/deliver", {
    body: { entry: [{ id: "1", changes: [{ field: "odd", value: {} }, change] }] },
  });
  await harness.send({ type: "text", text: { body: "Hello" } });
  const statuses = await harness.webhooks(3, (webhook) =>
    JSON.stringify(webhook.json).includes('"statuses"'),
  );
  expect(JSON.stringify(statuses.map(({ json }) => json))).not.toContain("131047");
});

test("every inbound type has its shape, and one that nobody knows is passed through", async () => {
  const types: Record<string, unknown>[] = [
    { type: "location", latitude: 1.5, longitude: 2.5, locationName: "Here" },
    { type: "contacts", contacts: [{ name: { formatted_name: "Bo" } }] },
    { type: "button", text: "Stop", payload: "STOP" },
    { type: "interactive", reply: { kind: "list", id: "r1", title: "Row" } },
    { type: "reaction", reaction: { messageId: "wamid.X" } },
    { type: "system", content: { type: "user_changed_number", wa_id: "447700900999" } },
    { type: "unsupported" },
    { type: "hologram", content: { depth: 3 } },
  ];
  for (const type of types) await write({ text: undefined, ...type });
  const posts = await harness.webhooks(types.length);
  const messages = posts.map(({ json }) => at(json, "entry.0.changes.0.value.messages.0"));
  expect(messages).toMatchObject([
    { location: { latitude: 1.5, longitude: 2.5, name: "Here" } },
    { contacts: [{ name: { formatted_name: "Bo" } }] },
    { button: { payload: "STOP", text: "Stop" } },
    { interactive: { type: "list_reply", list_reply: { id: "r1", title: "Row" } } },
    { reaction: { message_id: "wamid.X" } },
    { system: { type: "user_changed_number" } },
    { errors: [{ code: 131051 }] },
    { hologram: { depth: 3 } },
  ]);
  expect(at(posts[5]?.json, "entry.0.changes.0.value.contacts")).toBeUndefined();
});

test("somebody without a phone is known by the user id only", async () => {
  await write({ from: undefined, userId: "US.123", username: "kim" });
  const [webhook] = await harness.webhooks(1);
  const message = at(webhook?.json, "entry.0.changes.0.value.messages.0");
  expect(message).toMatchObject({ from_user_id: "US.123" });
  expect(message).not.toHaveProperty("from");
  expect(at(webhook?.json, "entry.0.changes.0.value.contacts.0")).toEqual({
    profile: { name: "José 👍", username: "kim" },
    user_id: "US.123",
  });
});

test("an opt-out is announced, and marketing then fails while other templates do not", async () => {
  await harness.sim("/users", { phone: ana, phoneNumberId: acme.phoneNumberId, marketing: "stop" });
  const [preference] = await harness.webhooks(1, (webhook) => fieldOf(webhook) === "user_preferences");
  expect(at(preference?.json, "entry.0.changes.0.value.user_preferences.0")).toMatchObject({
    value: "stop",
    timestamp: expect.any(Number),
  });
  const component = {
    type: "body",
    parameters: [{ type: "text", parameter_name: "first_name", text: "Ana" }],
  };
  const template = (name: string) => ({
    type: "template",
    template: { name, language: { code: "en_US" }, components: [component] },
  });
  await harness.send(template("follow_up"));
  const failed = await harness.webhooks(1, (webhook) => JSON.stringify(webhook.json).includes('"failed"'));
  expect(at(failed[0]?.json, "entry.0.changes.0.value.statuses.0.errors.0.code")).toBe(131050);
  await harness.send(template("welcome"));
  await harness.webhooks(1, (webhook) => JSON.stringify(webhook.json).includes('"delivered"'));
});

async function untilOutcome(outcome: string): Promise<unknown> {
  const untilMs = Date.now() + 5000;
  for (;;) {
    const { json } = await harness.sim("/webhooks");
    const delivery = at(json, "deliveries.0");
    if (at(delivery, "outcome") === outcome) return delivery;
    if (Date.now() > untilMs) throw new Error(`Never ${outcome}: ${JSON.stringify(delivery)}`);
    await pause(10);
  }
}
