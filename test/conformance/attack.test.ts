/** What hostile callers try against the whole API, over both hosts of the same tables. Each answer is one we chose. */
import * as z from "zod";
import { leadSchema } from "../../src/contracts/lead.contract";
import { closeAllConnections } from "../../src/lib/tenant/tenant.registry";
import { routes } from "../../src/routes";
import type { ApiAnswer, ApiCall } from "../builders/api.client";
import { type Callers, makeCallers } from "./callers";
import { type Mounts, openMounts } from "./mounts";

const idSchema = z.object({ id: z.string() });
const leads = "/api/crm/leads";
let mounts: Mounts;
let callers: Callers;

beforeAll(async () => {
  callers = await makeCallers();
  mounts = await openMounts(routes);
});
afterAll(async () => {
  await mounts.close();
  await closeAllConnections();
});

const hosts = ["lambda", "express"] as const;
/** Both hosts, held against each other. */
const ask = (call: ApiCall): Promise<ApiAnswer> =>
  mounts.ask({ ...call, headers: { ...callers.acme, ...call.headers } });
const post = (path: string, json: unknown, headers = callers.acme): Promise<ApiAnswer> =>
  mounts.askOne("lambda", { method: "POST", path, json, headers });
const raw = (text: string | Buffer, headers: Record<string, string> = {}): Promise<ApiAnswer> =>
  ask({
    method: "POST",
    path: leads,
    bytes: Buffer.from(text),
    headers: { "content-type": "application/json", ...headers },
  });
async function madeBy(headers: Callers["acme"], path: string, json: object): Promise<string> {
  return (await post(path, json, headers)).as(idSchema).id;
}
/** Far above what it takes, so that a busy machine fails nothing: what hangs takes minutes. */
async function inTime<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  expect(performance.now() - started).toBeLessThan(limitMs);
  return result;
}

test("a client named in body or query beside the header is an unknown field", async () => {
  for (const field of ["clientCode", "clientId", "tenant"]) {
    const inBody = await ask({ method: "POST", path: leads, json: { firstName: "X", [field]: "other" } });
    expect(inBody.problem().errors).toMatchObject([{ pointer: `/${field}`, code: "unknown-field" }]);
    const inQuery = await ask({ method: "GET", path: `${leads}?${field}=other` });
    expect(inQuery.problem().errors).toMatchObject([{ pointer: `/query/${field}` }]);
  }
});

test("another tenant's id inside a body is an invalid reference, as an id of nothing is", async () => {
  const theirs = {
    lead: await madeBy(callers.other, leads, { firstName: "Theirs" }),
    team: await madeBy(callers.other, "/api/crm/teams", { key: "theirs", name: "Theirs" }),
  };
  const nothing = "66f0c0ffee66f0c0ffee66f0";
  const startsAt = new Date(Date.now() + 86_400_000).toISOString();
  const bodies = (lead: string, team: string): [string, object, string][] => [
    ["/api/crm/meetings", { leadId: lead, title: "Visit", startsAt }, "/leadId"],
    ["/api/crm/tasks", { leadId: lead, title: "Call" }, "/leadId"],
    ["/api/crm/conversations", { leadId: lead }, "/leadId"],
    [leads, { firstName: "X", teamId: team }, "/teamId"],
    [leads, { firstName: "X", stageId: lead }, "/stageId"],
  ];
  const known = bodies(theirs.lead, theirs.team);
  const ownIds = { requestId: "", instance: "" };
  for (const [i, [path, body, pointer]] of bodies(nothing, nothing).entries()) {
    const unknown = (await post(path, body)).problem();
    expect([path, unknown.status, unknown.errors?.[0]?.pointer]).toEqual([path, 422, pointer]);
    const foreign = (await post(path, known[i]?.[1])).problem();
    expect({ ...foreign, ...ownIds }).toEqual({ ...unknown, ...ownIds });
  }
});

test.each([
  ["body", { method: "POST", path: leads, json: { firstName: "X", phone: { $ne: null } } }],
  ["condition", { method: "POST", path: `${leads}/search`, json: { condition: { $where: "1" } } }],
  ["query", { method: "GET", path: `${leads}?status[$gt]=` }],
  ["query filter", { method: "GET", path: `${leads}?filter[$where]=1` }],
])("an operator of the database in the %s is refused with its place", async (_where, call) => {
  const problem = (await ask(call)).problem();
  expect(problem).toMatchObject({ status: 400, code: "validation-failed" });
  expect(problem.errors?.length).toBeGreaterThan(0);
});

test.each(["__proto__", "constructor", "prototype", "$set", "a.b", "toString"])(
  "%s is no name of a caller's own field, and no object learns of it",
  async (name) => {
    for (const group of ["custom", "externalIds", "sourceDetail"]) {
      const text = `{"firstName":"X","${group}":{"${name}":"polluted"}}`;
      expect((await raw(text)).problem()).toMatchObject({ status: 400, code: "validation-failed" });
    }
    expect(Object.hasOwn(Object.prototype, name) && Reflect.get({}, name) === "polluted").toBe(false);
    expect(JSON.stringify({})).toBe("{}");
  },
);

test.each([
  "_id",
  "id",
  "version",
  "clientId",
  "createdAt",
  "createdBy",
  "deletedAt",
  "mergedInto",
  "rank",
  "search",
  "role",
])("%s of a lead cannot be assigned", async (field) => {
  const answer = await ask({ method: "POST", path: leads, json: { firstName: "X", [field]: "x" } });
  expect(answer.problem().errors).toMatchObject([{ pointer: `/${field}`, code: "unknown-field" }]);
});

test("patterns in a search are text to be found, however long, and cost no time", async () => {
  const name = `${"a".repeat(50)}!`;
  await madeBy(callers.acme, leads, { firstName: name });
  const searches = ["(a+)+$", ".*".repeat(1_000), "x".repeat(10_240), "[", "\\", "$", "^a"];
  for (const query of searches) {
    const answer = await inTime(15_000, () =>
      ask({ method: "POST", path: `${leads}/search`, json: { query } }),
    );
    expect([query.slice(0, 10), answer.status]).toEqual([query.slice(0, 10), query.length > 200 ? 400 : 200]);
    const condition = { field: "lead.firstName", op: "contains", value: query };
    const found = await ask({ method: "POST", path: `${leads}/search`, json: { condition } });
    if (found.status === 200) expect(found.as(z.object({ data: z.array(z.unknown()) })).data).toEqual([]);
    else expect(found.problem().code).toBe("validation-failed");
  }
});

test.each(["-1", "0", "101", "1e9", "NaN", "10; drop", "1.5", "Infinity"])(
  "a page size of %s is refused",
  async (limit) => {
    const answer = await ask({ method: "GET", path: `${leads}?limit=${encodeURIComponent(limit)}` });
    expect(answer.problem().errors).toMatchObject([{ pointer: "/query/limit" }]);
  },
);

test("a cursor is good for its own tenant, list, filter and sort only", async () => {
  for (const headers of [callers.acme, callers.other])
    for (let n = 0; n < 3; n += 1) await madeBy(headers, leads, { firstName: `Page ${n}`, tags: ["page"] });
  const page = await ask({ method: "GET", path: `${leads}?limit=1&tag=page` });
  const cursor = page.as(z.object({ nextCursor: z.string() })).nextCursor;
  const next = (path: string, headers = callers.acme): Promise<ApiAnswer> =>
    mounts.ask({ method: "GET", path, headers });
  expect((await next(`${leads}?limit=1&tag=page&cursor=${cursor}`)).status).toBe(200);
  const flipped = cursor.slice(0, -1) + (cursor.endsWith("A") ? "B" : "A");
  for (const [path, headers] of [
    [`${leads}?limit=1&tag=page&cursor=${flipped}`, callers.acme],
    [`${leads}?limit=1&tag=page&cursor=${cursor}`, callers.other],
    [`${leads}?limit=1&tag=other&cursor=${cursor}`, callers.acme],
    [`${leads}?limit=1&tag=page&sort=createdAt&cursor=${cursor}`, callers.acme],
    [`/api/crm/tasks?limit=1&cursor=${cursor}`, callers.acme],
  ] as const)
    expect((await next(path, headers)).problem()).toMatchObject({ status: 400, code: "invalid-cursor" });
});

test.each([
  ["100,000 levels deep", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, ["malformed-json"]],
  [
    "of 50,000 keys",
    `{${Array.from({ length: 50_000 }, (_, n) => `"k${n}":1`).join(",")}}`,
    ["validation-failed"],
  ],
  ["with a number beyond all", '{"firstName":"X","score":1e309}', ["validation-failed", "malformed-json"]],
  ["with a field given twice", '{"firstName":"X","firstName":"Y"}', ["validation-failed", "malformed-json"]],
  ["with half a character", '{"firstName":"\\ud800"}', ["validation-failed", "malformed-json"]],
  ["that ends too early", '{"firstName":"X"', ["malformed-json"]],
  ["behind a byte order mark", '\ufeff{"firstName":"X"}', ["malformed-json"]],
])("JSON %s is refused at once", async (_what, text, codes) => {
  const answer = await inTime(15_000, () => raw(text));
  expect(answer.status).toBe(400);
  expect(codes).toContain(answer.problem().code);
});

test("a body above a mebibyte is too large, and a compressed one is not unpacked", async () => {
  const large = await raw(Buffer.alloc(1024 * 1024 + 1, 32));
  expect(large.problem()).toMatchObject({ status: 413, code: "payload-too-large" });
  for (const encoding of ["gzip", "br", "deflate"]) {
    const packed = await raw('{"firstName":"X"}', { "content-encoding": encoding });
    expect([encoding, packed.problem().status]).toEqual([encoding, 415]);
  }
});

test.each([
  "/api/crm/leads/",
  "/api/crm/%2e%2e/admin/clients",
  "/api/crm/leads/../../admin/clients",
  "/api/crm/leads%00",
  "//api/crm/leads",
])("%s leads nowhere", async (path) => {
  for (const host of hosts) {
    const answer = await mounts.askOne(host, { method: "GET", path, headers: callers.acme });
    expect([host, [401, 404].includes(answer.status)]).toEqual([host, true]);
  }
});

test("a number in any dress is one number, and what is none is told so without repeating it", async () => {
  const dressed = ["+1 (212) 555-0123", "\u200e+1 212 555 0123\u202c", "+1-212-555-0123"];
  const made = (await post(leads, { phone: dressed[0] })).as(leadSchema);
  expect(made.phone).toBe("+12125550123");
  for (const phone of dressed.slice(1)) {
    const twin = await post(leads, { phone });
    expect([phone, twin.problem().code]).toEqual([phone, "duplicate"]);
  }
  for (const phone of ["12", "call me", "9".repeat(50), "📞📞📞📞📞📞📞", "+00000000000", "+1 212 555"]) {
    const refused = await post(leads, { firstName: "X", phone });
    expect([phone, refused.status, refused.problem().code]).toEqual([phone, 422, "invalid-phone"]);
    if (phone.length > 5) expect(refused.bytes.toString()).not.toContain(phone);
  }
});

test("pages of other sites get no leave to read, with or without asking first", async () => {
  const origin = { origin: "https://evil.example" };
  for (const host of hosts) {
    const simple = await mounts.askOne(host, {
      method: "GET",
      path: leads,
      headers: { ...callers.acme, ...origin },
    });
    const preflight = await mounts.askOne(host, {
      method: "OPTIONS",
      path: leads,
      headers: {
        ...origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-evil",
      },
    });
    expect(simple.status).toBe(200);
    expect(preflight.status).toBe(405);
    for (const { headers } of [simple, preflight])
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  }
});

test("a request id of 4 KB is replaced, not echoed", async () => {
  const long = "x".repeat(4_096);
  for (const host of hosts) {
    const answer = await mounts.askOne(host, {
      method: "GET",
      path: leads,
      headers: { ...callers.acme, "x-request-id": long },
    });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test("a file name of any shape ends as a plain name in one header", async () => {
  for (const fileName of ["../../etc/passwd", `${"n".repeat(200)}.pdf`, 'a"; filename=b.html']) {
    const made = await post("/api/crm/media", { mime: "application/pdf", size: 5, fileName });
    expect([fileName.slice(0, 12), made.status]).toEqual([fileName.slice(0, 12), 201]);
    expect(made.bytes.toString()).not.toContain("../");
  }
  for (const fileName of ["a\r\nset-cookie: x=1", "a\u0000.pdf", "n".repeat(5_000)]) {
    const refused = await post("/api/crm/media", { mime: "application/pdf", size: 5, fileName });
    expect([fileName.slice(0, 12), [201, 400].includes(refused.status)]).toEqual([
      fileName.slice(0, 12),
      true,
    ]);
    expect(refused.bytes.toString()).not.toMatch(/\\r|\\n|\\u0000/);
  }
});
