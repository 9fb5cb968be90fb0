import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { startGraph } from "../../../dev/graph/start.graph";
import { processEnvironment } from "../../../src/lib/env/env";
import { acme, ana, at, type Harness, startHarness } from "./graph.harness";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const error = (called: { json: unknown }) => String(at(called.json, "error"));

test("a control that is called wrongly says what it does not take", async () => {
  const inbound = await harness.sim("/inbound", {
    phoneNumberId: acme.phoneNumberId,
    from: ana,
    colour: "red",
  });
  expect(inbound.status).toBe(400);
  expect(error(inbound)).toContain("colour");
  expect(error(await harness.sim("/inbound", { phoneNumberId: "1", from: ana, text: "x" }))).toContain(
    "no number 1",
  );
  expect(error(await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, text: "x" }))).toContain(
    "from",
  );
  expect(error(await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: ana }))).toContain(
    "needs text",
  );
  expect(error(await harness.sim("/faults", { match: { path: "(" } }))).toContain("regular expression");
  expect(error(await harness.sim("/deliver", {}))).toContain("exactly one of");
  expect(error(await harness.sim("/statuses", { steps: [{ status: "seen" }] }))).toContain("steps.0.status");
  expect(error(await harness.sim("/templates", { wabaId: acme.wabaId, name: "nobody" }))).toContain(
    "components",
  );
});

test("an unknown control is 404, a known one by the wrong method 405, broken JSON 400", async () => {
  expect((await harness.sim("/nothing")).status).toBe(404);
  expect((await harness.sim("/inbound")).status).toBe(405);
  const broken = await fetch(`${harness.graph.url}/_sim/inbound`, { method: "POST", body: "{" });
  expect(broken.status).toBe(400);
});

test("requests are listed with answers and filters, and never show a token", async () => {
  await harness.send({ type: "text", text: { body: "Hi" } });
  await harness.send({ type: "text", text: { body: 7 } }, "+447700900111");
  await harness.call("GET", `/v24.0/${acme.phoneNumberId}?access_token=${acme.token}`);
  const all = await harness.sim("/requests");
  expect(JSON.stringify(all.json)).not.toContain(acme.token);
  expect(at(all.json, "requests")).toHaveLength(3);
  const failed = await harness.sim("/requests?status=400&method=post&path=messages&to=447700900111");
  expect(at(failed.json, "requests")).toMatchObject([
    { n: 2, status: 400, answer: { error: { code: 100 } } },
  ]);
  expect(at((await harness.sim("/requests?after=2")).json, "requests")).toHaveLength(1);
  expect(at((await harness.sim("/requests?limit=1")).json, "requests")).toHaveLength(1);
});

test("a reset forgets everything but the webhook address, and cancels what was coming", async () => {
  await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: ana, text: "Hi" });
  await harness.sim("/faults", { status: 500, times: "always" });
  await harness.sim("/clock", { offsetMs: 1000 });
  await harness.sim("/templates", { wabaId: acme.wabaId, name: "welcome", status: "PAUSED", silent: true });
  await harness.sim("/reset", {});
  const { json } = await harness.sim("/state");
  expect(json).toMatchObject({
    messages: [],
    inbound: [],
    people: [],
    faults: [],
    webhookUrl: harness.hookUrl,
  });
  expect((await harness.send({ type: "text", text: { body: "Hi" } })).status).toBe(200);
  await harness.sim("/reset", {});
  const before = harness.received.length;
  await pause(300);
  expect(harness.received).toHaveLength(before);
});

test("it follows the clock that it was given, and its own offset on top", async () => {
  const late = await startHarness({ now: () => new Date("2027-05-01T00:00:00Z") });
  try {
    await late.sim("/clock", { offsetMs: 60_000 });
    await late.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: ana, text: "Hi" });
    const [webhook] = await late.webhooks(1);
    expect(at(webhook?.json, "entry.0.changes.0.value.messages.0.timestamp")).toBe(
      String(Date.parse("2027-05-01T00:01:00Z") / 1000),
    );
  } finally {
    await late.stop();
  }
});

test("a webhook address can be set later, after Meta's handshake", async () => {
  const wrong = await harness.sim("/webhook", { url: `${harness.graph.url}/nowhere`, verify: true });
  expect(wrong.status).toBe(409);
  const right = await harness.sim("/webhook", { url: `${harness.hookUrl}/later`, verify: true });
  expect(right.json).toEqual({ url: `${harness.hookUrl}/later`, verified: true });
  await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: ana, text: "Hi" });
  expect((await harness.webhooks(1))[0]?.path).toBe("/hook/later");
});

test("without a webhook address everything else works", async () => {
  const alone = await startGraph({ appSecret: "s", verifyToken: "v", numbers: [acme] });
  try {
    const response = await fetch(`${alone.url}/_sim/inbound`, {
      method: "POST",
      body: JSON.stringify({ phoneNumberId: acme.phoneNumberId, from: ana, text: "Hi" }),
    });
    expect(await response.json()).toMatchObject({ deliveries: [{ outcome: "not-sent" }] });
  } finally {
    await alone.stop();
  }
});

describe("npm run graph", () => {
  const run = (...args: string[]) =>
    spawn(process.execPath, ["--import", "tsx", "dev/graph/main.ts", ...args], {
      env: processEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });

  async function outcome(child: ReturnType<typeof run>, whenItSays?: string, signal?: NodeJS.Signals) {
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (whenItSays !== undefined && text.includes(whenItSays)) child.kill(signal);
      });
    }
    const [code] = await once(child, "close");
    return { code: Number(code), text };
  }

  test("starts alone and ends cleanly on Ctrl-C", async () => {
    const ended = await outcome(run("--port", "0"), "Ctrl-C stops it", "SIGINT");
    expect(ended.text).toContain("Graph simulator on http://127.0.0.1:");
    expect(ended.code).toBe(0);
  });

  test("explains itself, and refuses what it does not know, in a sentence", async () => {
    const [helped, unknown, taken] = await Promise.all([
      outcome(run("--help")),
      outcome(run("--colour")),
      outcome(run("--port", String(harness.graph.port))),
    ]);
    expect(helped).toMatchObject({ code: 0, text: expect.stringContaining("--webhook URL") });
    expect(unknown).toMatchObject({ code: 1, text: expect.stringContaining("--help") });
    expect(taken).toMatchObject({ code: 1, text: expect.stringContaining("is taken") });
    expect(taken.text).not.toContain("    at ");
  });
});
