import { moveClock } from "../../../src/lib/clock/clock";
import { apiEvent } from "../../../src/lib/http/api.event";
import { hostContext } from "../../../src/lib/http/host.context";
import { mountLambda } from "../../../src/lib/http/mount.lambda";
import type { CrmModels } from "../../../src/lib/tenant/get.crm.model";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type ApiAnswer, ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { toyRoutes } from "./toy.routes";

const { routes, runs } = toyRoutes();
const transport = lambdaTransport(routes);
let api: ApiClient;
let other: ApiClient;
let models: CrmModels;
let acmeKeys: Record<string, string>;

beforeAll(async () => {
  const [acme, second] = await Promise.all([createTenant("acme"), createTenant("other")]);
  models = acme.models;
  acmeKeys = keysOf(acme);
  api = new ApiClient(transport, keysOf(acme));
  other = new ApiClient(transport, keysOf(second));
});
afterAll(closeAllConnections);

const make = (name: string, key: string, more: object = {}, client = api): Promise<ApiAnswer> =>
  client.post("/api/crm/toys", { name, ...more }, { "idempotency-key": key });

test("the same request with the same key gets the first answer again and has no second effect", async () => {
  const first = await make("once", "k-once");
  const second = await make("once", "k-once");
  expect(first.headers["idempotency-replayed"]).toBeUndefined();
  expect(second.headers["idempotency-replayed"]).toBe("true");
  expect(second.status).toBe(201);
  expect(second.bytes.equals(first.bytes)).toBe(true);
  expect(second.headers.etag).toBe(first.headers.etag);
  expect(second.headers.location).toBe("/toys/1");
  expect(second.headers["x-request-id"]).not.toBe(first.headers["x-request-id"]);
  expect(runs.get("once")).toBe(1);
});

test("the order of the fields and white space do not make another request", async () => {
  await make("order", "k-order", { waitMs: 0 });
  const again = await api.send({
    method: "POST",
    path: "/api/crm/toys",
    bytes: Buffer.from('{ "waitMs": 0,\n "name": "order" }'),
    headers: { "idempotency-key": "k-order", "content-type": "application/json" },
  });
  expect(again.headers["idempotency-replayed"]).toBe("true");
  expect(runs.get("order")).toBe(1);
});

test("the same key with another body or query is refused, and the first answer stays", async () => {
  await make("first", "k-reused");
  expect((await make("second", "k-reused")).problem()).toMatchObject({
    status: 422,
    code: "idempotency-key-reused",
  });
  const query = await api.post(
    "/api/crm/toys?colour=red",
    { name: "first" },
    { "idempotency-key": "k-reused" },
  );
  expect(query.problem().code).toBe("idempotency-key-reused");
  expect((await make("first", "k-reused")).status).toBe(201);
  expect(runs.get("second")).toBeUndefined();
});

test("keys of one client mean nothing to another", async () => {
  await make("mine", "k-shared");
  const theirs = await make("mine", "k-shared", {}, other);
  expect(theirs.headers["idempotency-replayed"]).toBeUndefined();
  expect(runs.get("mine")).toBe(2);
});

test("while the first request runs, the second is told so; of many at once exactly one runs", async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => make("storm", "k-storm", { waitMs: 300 })),
  );
  const statuses = answers.map((answer) => String(answer.status)).sort();
  expect(statuses).toEqual(["201", ...Array<string>(11).fill("409")]);
  const refused = answers.find((answer) => answer.status === 409);
  expect(refused?.problem().code).toBe("request-in-progress");
  // soon: the first one has only just begun
  expect(Number(refused?.headers["retry-after"])).toBeLessThan(5);
  expect(runs.get("storm")).toBe(1);
});

test("a refusal of the request itself is kept; 429 and 5xx are not", async () => {
  await make("kept", "k-kept", { fail: "duplicate" });
  expect((await make("kept", "k-kept", { fail: "duplicate" })).headers["idempotency-replayed"]).toBe("true");
  expect(runs.get("kept")).toBe(1);
  for (const fail of ["rate-limited", "internal-error"]) {
    await make(fail, `k-${fail}`, { fail });
    expect((await make(fail, `k-${fail}`, { fail })).headers["idempotency-replayed"]).toBeUndefined();
    expect(runs.get(fail)).toBe(2);
  }
});

test("a request that a schema refuses uses no key up", async () => {
  await api.post("/api/crm/toys", { nme: "typo" }, { "idempotency-key": "k-typo" });
  expect((await make("typo", "k-typo")).status).toBe(201);
});

test.each(["", "with space", "a,b", "ü", "x".repeat(256)])("a malformed key (%s) is refused", async (key) => {
  expect((await make("malformed", key)).problem().errors).toMatchObject([
    { pointer: "/header/idempotency-key" },
  ]);
  expect(runs.get("malformed")).toBeUndefined();
});

test("a lease whose request died runs out, and the key works again", async () => {
  await make("died", "k-died");
  const { IdempotencyKey } = models;
  const row = await IdempotencyKey.findOne({ key: "k-died" }).orFail();
  await IdempotencyKey.updateOne(
    { _id: row._id },
    { $set: { state: "running", leaseUntil: new Date(row.startedAt.getTime() + 34_000) } },
  );
  expect((await make("died", "k-died")).problem().code).toBe("request-in-progress");
  await moveClock({ byMs: 35_000 });
  const answers = await Promise.all([make("died", "k-died"), make("died", "k-died")]);
  expect(answers.map((answer) => String(answer.status)).sort()).toEqual(["201", "409"]);
  expect(runs.get("died")).toBe(2);
});

test("after 24 hours a key is new", async () => {
  await make("day", "k-day");
  await moveClock({ byMs: 24 * 60 * 60_000 });
  expect((await make("day", "k-day")).headers["idempotency-replayed"]).toBeUndefined();
  expect(runs.get("day")).toBe(2);
});

test("a request that ran out of time says so and keeps its lease: it may still be at work", async () => {
  const handler = mountLambda(routes, { dispatch: async () => {} });
  const body = Buffer.from(JSON.stringify({ name: "slow", waitMs: 400 }));
  const headers = { ...acmeKeys, "content-type": "application/json", "idempotency-key": "k-slow" };
  const event = apiEvent({
    method: "POST",
    target: "/api/crm/toys",
    rawHeaders: Object.entries(headers).flat(),
    body,
  });
  const answer = await handler(event, { ...hostContext(), getRemainingTimeInMillis: () => 350 });
  expect(answer.statusCode).toBe(503);
  expect(JSON.parse(answer.body ?? "")).toMatchObject({ code: "timed-out" });
  expect((await make("slow", "k-slow", { waitMs: 400 })).problem().code).toBe("request-in-progress");
  expect(runs.get("slow")).toBe(1);
});
