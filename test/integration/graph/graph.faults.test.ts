import { setTimeout as pause } from "node:timers/promises";
import { acme, ana, at, codeOf, type Harness, isStatus, startHarness } from "./graph.harness";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: ana, text: "Hi" });
});
afterEach(() => harness.stop());

const hello = { type: "text", text: { body: "Hello" }, biz_opaque_callback_data: "msg:1" };
const accepted = async () => at((await harness.sim("/state")).json, "messages");

test("reset before: the connection is cut and nothing was accepted", async () => {
  await harness.sim("/faults", { match: { path: "messages$" }, reset: "before" });
  await expect(harness.send(hello)).rejects.toThrow(/fetch failed|aborted|timeout/);
  expect(await accepted()).toEqual([]);
  expect((await harness.send(hello)).status).toBe(200);
});

test("reset after: the message is accepted, the caller never learns, and its statuses come", async () => {
  await harness.sim("/faults", { match: { path: "messages$" }, reset: "after" });
  await expect(harness.send(hello)).rejects.toThrow(/fetch failed|aborted|timeout/);
  expect(await accepted()).toMatchObject([{ callbackData: "msg:1" }]);
  const statuses = await harness.webhooks(3, isStatus);
  expect(JSON.stringify(statuses[0]?.json)).toContain('"biz_opaque_callback_data":"msg:1"');
  const { json } = await harness.sim("/requests?status=reset");
  expect(at(json, "requests.0")).toMatchObject({ status: "reset", fault: 1 });
});

test("a status without a body answers Meta's envelope, and nothing was accepted", async () => {
  await harness.sim("/faults", { status: 500, times: 2 });
  for (let time = 0; time < 2; time += 1) {
    const sent = await harness.send(hello);
    expect(sent.status).toBe(500);
    expect(codeOf(sent)).toBe(2);
  }
  expect((await harness.send(hello)).status).toBe(200);
  expect(await accepted()).toHaveLength(1);
});

test("a code answers its own envelope and HTTP status, with headers of one's choice", async () => {
  await harness.sim("/faults", { match: { to: ana }, code: 130429, headers: { "retry-after": "3" } });
  const sent = await harness.send(hello);
  expect(sent.status).toBe(429);
  expect(sent.headers.get("retry-after")).toBe("3");
  expect(sent.json).toMatchObject({ error: { code: 130429, type: "OAuthException" } });
});

test("accept: the work is done, and then something else is answered", async () => {
  await harness.sim("/faults", {
    match: { path: "messages$" },
    status: 502,
    body: "<h1>Bad gateway</h1>",
    accept: true,
  });
  const sent = await harness.send(hello);
  expect(sent).toMatchObject({ status: 502, json: "<h1>Bad gateway</h1>" });
  expect(sent.headers.get("content-type")).toContain("text/html");
  expect(await accepted()).toHaveLength(1);
});

test("a delay holds the answer back until after the acceptance", async () => {
  await harness.sim("/faults", { match: { path: "messages$" }, delayMs: 5000 });
  const path = `/v24.0/${acme.phoneNumberId}/messages`;
  const impatient = fetch(`${harness.graph.url}${path}`, {
    method: "POST",
    signal: AbortSignal.timeout(300),
    headers: { authorization: `Bearer ${acme.token}`, "content-type": "application/json" },
    body: JSON.stringify({ messaging_product: "whatsapp", to: `+${ana}`, ...hello }),
  });
  await expect(impatient).rejects.toThrow(/fetch failed|aborted|timeout/);
  expect(await accepted()).toHaveLength(1);
});

test("only what matches goes wrong: method, start of the path, pattern, recipient", async () => {
  await harness.sim("/faults", { match: { method: "get" }, status: 503, times: "always" });
  await harness.sim("/faults", {
    match: { path: `/${acme.phoneNumberId}/media` },
    status: 503,
    times: "always",
  });
  await harness.sim("/faults", {
    match: { path: "messages$", to: "+447700900999" },
    status: 503,
    times: "always",
  });
  expect((await harness.send(hello)).status).toBe(200);
  expect((await harness.send(hello, "+447700900999")).status).toBe(503);
  expect((await harness.call("GET", `/v24.0/${acme.phoneNumberId}`)).status).toBe(503);
  await harness.call("DELETE", "/_sim/faults", undefined, null);
  expect((await harness.call("GET", `/v24.0/${acme.phoneNumberId}`)).status).toBe(200);
});

test("stopping does not wait for a delayed answer", async () => {
  await harness.sim("/faults", { match: { path: "messages$" }, delayMs: 60_000 });
  const waiting = harness.send(hello).then(
    () => "answered",
    () => "cut",
  );
  while (JSON.stringify(await accepted()) === "[]") await pause(5);
  const startedAt = Date.now();
  await harness.graph.stop();
  expect(Date.now() - startedAt).toBeLessThan(2000);
  expect(["answered", "cut"]).toContain(await waiting);
});
