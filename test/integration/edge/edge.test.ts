import mongoose from "mongoose";
import { problemSchema } from "../../../src/contracts/problem.contract";
import { makeApiKey } from "../../../src/lib/auth/api.key";
import { forgetKeyLookups } from "../../../src/lib/auth/key.lookup";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type ApiAnswer, ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { toyRoutes } from "./toy.routes";

const transport = lambdaTransport(toyRoutes().routes);
const anonymous = new ApiClient(transport);
let acme: { clientCode: string; apiKey: string };
let other: { clientCode: string; apiKey: string };
let api: ApiClient;

beforeAll(async () => {
  [acme, other] = await Promise.all([createTenant("acme"), createTenant("other")]);
  api = new ApiClient(transport, keysOf(acme));
});
afterAll(closeAllConnections);

test("a request with a good key runs in that key's name and answers what the schema knows, nothing else", async () => {
  const answer = await api.get("/api/crm/toys/5");
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual({ name: expect.stringMatching(/^acme\/.+\/5$/), runs: 0 });
  expect(answer.headers).toMatchObject({
    etag: '"7"',
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
});

describe("credentials", () => {
  /** Everything of a 401 that may not differ between two of them. */
  const comparable = (answer: ApiAnswer): unknown => {
    const { requestId, instance, ...body } = answer.problem();
    const { "x-request-id": id, ...headers } = answer.headers;
    expect(instance).toBe(`urn:ecod:request:${requestId}`);
    expect(id).toBe(requestId);
    return { status: answer.status, headers, body };
  };

  test("everything wrong with them gets the same answer at the same time", async () => {
    const unknown = makeApiKey("test").key;
    const wrongSecret = acme.apiKey.replace(/.{8}$/, (end) => end.split("").reverse().join(""));
    const key = acme.apiKey;
    const wrong: Record<string, string>[] = [
      {},
      { "x-api-key": key },
      { "x-client-code": "acme" },
      { "x-api-key": key, "x-client-code": "other" },
      { "x-api-key": other.apiKey, "x-client-code": "acme" },
      { "x-api-key": key, "x-client-code": "nobody" },
      { "x-api-key": key, "x-client-code": "ACME" },
      { "x-api-key": key, "x-client-code": "acme,acme" },
      { "x-api-key": `${key},${key}`, "x-client-code": "acme" },
      { "x-api-key": unknown, "x-client-code": "acme" },
      { "x-api-key": wrongSecret, "x-client-code": "acme" },
      { "x-api-key": "nonsense", "x-client-code": "acme" },
      { "x-admin-key": key },
    ];
    const answers: { answer: ApiAnswer; ms: number }[] = [];
    for (const headers of wrong) {
      const began = performance.now();
      answers.push({
        answer: await anonymous.get("/api/crm/toys/5", headers),
        ms: performance.now() - began,
      });
    }
    const first = comparable(await anonymous.get("/api/crm/toys/5"));
    for (const { answer } of answers) expect(comparable(answer)).toEqual(first);
    expect(first).toMatchObject({ status: 401, body: { code: "invalid-credentials" } });
    for (const { ms } of answers) expect(ms).toBeGreaterThanOrEqual(38);
  });

  test("a key that was revoked or ran out is refused like an unknown one", async () => {
    const { Client } = await getCentralModels();
    const tenant = await createTenant("revoked");
    const client = new ApiClient(transport, keysOf(tenant));
    expect((await client.get("/api/crm/toys/1")).status).toBe(200);
    for (const change of [
      { expiresAt: new Date(Date.now() - 1) },
      { expiresAt: null, revokedAt: new Date() },
    ]) {
      const set = Object.fromEntries(
        Object.entries(change).map(([name, value]) => [`apiKeys.0.${name}`, value]),
      );
      await Client.updateOne({ clientCode: "revoked" }, { $set: set });
      forgetKeyLookups();
      expect((await client.get("/api/crm/toys/1")).problem().code).toBe("invalid-credentials");
    }
  });

  test("a suspended client is told so, once its key has proved right", async () => {
    const { Client } = await getCentralModels();
    const tenant = await createTenant("asleep");
    await Client.updateOne({ clientCode: "asleep" }, { $set: { status: "suspended" } });
    forgetKeyLookups();
    const client = new ApiClient(transport, keysOf(tenant));
    expect((await client.get("/api/crm/toys/1")).problem()).toMatchObject({
      status: 403,
      code: "client-suspended",
    });
  });

  test("a key without the route's scope is told which one it lacks", async () => {
    const tenant = await createTenant("reader", { scopes: ["leads:read"] });
    const reader = new ApiClient(transport, keysOf(tenant));
    expect((await reader.get("/api/crm/toys/1")).status).toBe(200);
    const refused = (await reader.post("/api/crm/toys", { name: "x" })).problem();
    expect(refused).toMatchObject({ status: 403, code: "insufficient-scope" });
    expect(refused.detail).toContain("leads:write");
  });

  test("a warm request asks the central database nothing but stage local's clock", async () => {
    const asked: string[] = [];
    mongoose.set("debug", (collection: string, method: string) => asked.push(`${collection}.${method}`));
    try {
      forgetKeyLookups();
      await api.get("/api/crm/toys/5");
      expect(asked).toContain("clients.findOne");
      asked.length = 0;
      await api.get("/api/crm/toys/5");
      expect(asked).toEqual(["platformMarks.findOne"]);
    } finally {
      mongoose.set("debug", false);
    }
  });

  test("the use of a key is noted, at most once an hour", async () => {
    const { Client } = await getCentralModels();
    const tenant = await createTenant("used");
    const used = async (): Promise<Date | null | undefined> =>
      (await Client.findOne({ clientCode: "used" }).lean().orFail()).apiKeys[0]?.lastUsedAt;
    const client = new ApiClient(transport, keysOf(tenant));
    expect(await used()).toBeNull();
    await client.get("/api/crm/toys/1");
    const first = await used();
    expect(first?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    forgetKeyLookups();
    await client.get("/api/crm/toys/1");
    expect(await used()).toEqual(first);
  });

  test("fifty cold requests at once look the key up once", async () => {
    const asked: string[] = [];
    mongoose.set("debug", (collection: string, method: string) => asked.push(`${collection}.${method}`));
    try {
      forgetKeyLookups();
      const answers = await Promise.all(Array.from({ length: 50 }, () => api.get("/api/crm/toys/5")));
      expect(answers.map((answer) => answer.status)).toEqual(Array<number>(50).fill(200));
      expect(asked.filter((query) => query === "clients.findOne")).toHaveLength(1);
    } finally {
      mongoose.set("debug", false);
    }
  });
});

test("tenant answers name their version; a caller may ask for it, and one that there is not is refused", async () => {
  const answer = await api.get("/api/crm/toys/5", { "crm-version": "2026-11-01" });
  expect([answer.status, answer.headers["crm-version"]]).toEqual([200, "2026-11-01"]);
  const refused = await api.get("/api/crm/toys/5", { "crm-version": "1999-01-01" });
  expect(refused.problem()).toMatchObject({ status: 400, errors: [{ pointer: "/header/crm-version" }] });
  expect(refused.headers["crm-version"]).toBe("2026-11-01");
});

describe("request ids", () => {
  test("a well-formed one is kept, on the answer and in problems", async () => {
    const headers = { "x-request-id": "my-request-0001" };
    expect((await api.get("/api/crm/toys/5", headers)).headers["x-request-id"]).toBe("my-request-0001");
    expect((await anonymous.get("/nowhere", headers)).problem().requestId).toBe("my-request-0001");
  });

  test.each([
    "short",
    "has space 12345",
    `x${"y".repeat(64)}`,
    "first-0001,second-0002",
    "<script>alert</script>",
  ])("a malformed one (%s) is replaced", async (given) => {
    const answer = await api.get("/api/crm/toys/5", { "x-request-id": given });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("paths", () => {
  test("an unknown one is 404, without asking for a key", async () => {
    for (const path of ["/", "/api/crm/toy", "/api/crm/toys/5/", "/api/crm/toys/", "/api/crm/toys/%zz"])
      expect((await anonymous.get(path)).problem()).toMatchObject({ status: 404, code: "not-found" });
  });

  test("a known one with another method is 405 and says which there are", async () => {
    const answer = await anonymous.post("/api/crm/toys/5", {});
    expect(answer.problem()).toMatchObject({ status: 405, code: "method-not-allowed" });
    expect(answer.headers.allow).toBe("DELETE, GET, PATCH");
  });
});

describe("bodies", () => {
  const json = { "content-type": "application/json" };
  const post = (text: string | Buffer, headers: Record<string, string> = json) =>
    api.send({ method: "POST", path: "/api/crm/toys", bytes: Buffer.from(text), headers });

  test("every wrong place is named by its pointer, no value is repeated", async () => {
    const answer = await api.post("/api/crm/toys?colour=s3cret", undefined);
    expect(answer.problem().errors).toEqual([expect.objectContaining({ pointer: "/query/colour" })]);
    const body = {
      name: "s3cret-s3cret-s3cret-s3cret",
      nested: { list: [1, "s3cret"], "a/b~c": 1 },
      extra: "s3cret",
    };
    const wrong = await api.post("/api/crm/toys", body);
    expect(wrong.problem()).toMatchObject({ status: 400, code: "validation-failed" });
    const errors = (wrong.problem().errors ?? []).map(({ pointer, code }) => [pointer, code]);
    expect(errors).toEqual(
      expect.arrayContaining([
        ["/name", "too-big"],
        ["/nested/list/1", "invalid-type"],
        ["/nested/a~1b~0c", "unknown-field"],
        ["/extra", "unknown-field"],
      ]),
    );
    expect(errors).toHaveLength(4);
    expect(wrong.bytes.toString() + answer.bytes.toString()).not.toContain("s3cret");
  });

  test("a missing field is required, a missing body too", async () => {
    expect((await api.post("/api/crm/toys", {})).problem().errors).toEqual([
      { pointer: "/name", code: "required", detail: "Is required." },
    ]);
    expect((await api.post("/api/crm/toys")).problem().errors).toEqual([
      { pointer: "", code: "required", detail: "Is required." },
    ]);
  });

  test.each([
    ["broken", '{"name":'],
    ["text behind it", '{"name":"x"} x'],
    ["a byte order mark", '\ufeff{"name":"x"}'],
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ["nesting without end", "[".repeat(400) + "]".repeat(400)],
  ])("JSON with %s is malformed", async (_what, text) => {
    expect((await post(text)).problem()).toMatchObject({ status: 400, code: "malformed-json" });
  });

  test("__proto__ is a field like any other: unknown", async () => {
    expect((await post('{"name":"x","__proto__":{"admin":true}}')).problem().errors).toEqual([
      expect.objectContaining({ pointer: "/__proto__", code: "unknown-field" }),
    ]);
  });

  test("another content type is 415, a doubled one too, a charset is not", async () => {
    for (const type of ["text/plain", "application/json,text/plain", "application/json; charset=latin1", ""])
      expect((await post('{"name":"x"}', { "content-type": type })).problem().code).toBe(
        "unsupported-media-type",
      );
    expect((await post('{"name":"x"}', { "content-type": "Application/JSON; charset=UTF-8" })).status).toBe(
      201,
    );
  });

  test("a body above the route's limit is 413, exactly at the limit it is read", async () => {
    const sized = (length: number): string => `{"name":"${"x".repeat(length - 11)}"}`;
    expect((await post(sized(1_001))).problem()).toMatchObject({ status: 413, code: "payload-too-large" });
    expect((await post(sized(1_000))).problem().code).toBe("validation-failed");
  });

  test("bytes arrive as they were sent and come back as they were", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const answer = await anonymous.put("/api/crm/toys/5/bytes", bytes);
    expect(answer.bytes.equals(bytes)).toBe(true);
    const tooMany = await anonymous.put("/api/crm/toys/5/bytes", Buffer.alloc(1_001));
    expect(tooMany.problem().code).toBe("payload-too-large");
    const wrongType = await anonymous.put("/api/crm/toys/5/bytes", { some: "json" });
    expect(wrongType.problem().code).toBe("unsupported-media-type");
  });

  test("unknown and repeated query parameters are refused, and so is a body where none is taken", async () => {
    expect((await api.get("/api/crm/toys/5?x=1")).problem().errors).toMatchObject([{ pointer: "/query/x" }]);
    const twice = await api.post("/api/crm/toys?colour=red&colour=blue", { name: "x" });
    expect(twice.problem().errors).toMatchObject([{ pointer: "/query/colour" }]);
    expect((await api.get("/api/crm/toys/abc")).problem().errors).toMatchObject([{ pointer: "/path/id" }]);
    const deleted = await anonymous.send({ method: "DELETE", path: "/api/crm/toys/5", json: { x: 1 } });
    expect(deleted.problem().errors).toMatchObject([{ pointer: "/x", code: "unknown-field" }]);
  });
});

describe("conditions", () => {
  test("If-Match reaches the route as a version; any other tag matches nothing", async () => {
    const change = (tag?: string) =>
      api.patch("/api/crm/toys/5", {}, tag === undefined ? {} : { "if-match": tag });
    for (const tag of ['"7"', 'W/"7"', "*", undefined]) expect((await change(tag)).status).toBe(200);
    for (const tag of ['"6"', '"abc"', '""']) {
      const stale = await change(tag);
      expect(stale.problem()).toMatchObject({
        status: 412,
        code: "precondition-failed",
        current: { version: 7 },
      });
    }
    for (const tag of ["7", '"7","8"', "abc"])
      expect((await change(tag)).problem().errors).toMatchObject([{ pointer: "/header/if-match" }]);
  });
});

describe("failures of our own", () => {
  test("an unexpected error is a plain 500 without its text", async () => {
    const answer = await api.post("/api/crm/toys", { name: "x", fail: "internal-error" });
    expect(answer.problem()).toMatchObject({ status: 500, code: "internal-error" });
    expect(answer.bytes.toString()).not.toContain("secret text");
    expect(Object.keys(problemSchema.parse(answer.json())).sort()).toEqual(
      ["code", "detail", "instance", "requestId", "status", "title", "type"].sort(),
    );
  });

  test("a reply that its own schema refuses does not leave", async () => {
    const answer = await anonymous.delete("/api/crm/toys/5");
    expect(answer.problem().status).toBe(500);
    expect(answer.bytes.toString()).not.toContain("longer than");
  });

  test("429 says when to come again", async () => {
    const answer = await api.post("/api/crm/toys", { name: "x", fail: "rate-limited" });
    expect(answer.status).toBe(429);
    expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  });
});
