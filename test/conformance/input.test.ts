/** What every route refuses in its input, on both hosts. */
import * as z from "zod";
import type { Route } from "../../src/lib/http/define.route";
import { isBytesInput } from "../../src/lib/http/request.body";
import { closeAllConnections } from "../../src/lib/tenant/tenant.registry";
import { routes } from "../../src/routes";
import type { ApiAnswer, ApiCall } from "../builders/api.client";
import { type Callers, keysFor, makeCallers, named } from "./callers";
import { type Mounts, openMounts } from "./mounts";
import { anyIds, requestFor, requiredQuery } from "./target";

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

function ask(route: Route, change: Partial<ApiCall>): Promise<ApiAnswer> {
  const request = { ...requestFor(route, anyIds), ...change };
  return mounts.ask({ ...request, headers: { ...request.headers, ...keysFor(route, callers) } });
}
const pointers = (answer: ApiAnswer): string[] =>
  (answer.problem().errors ?? []).map(({ pointer }) => pointer);
const takesJson = (route: Route): boolean =>
  route.input.body !== undefined && !isBytesInput(route.input.body);
const jsonRoutes = named(routes.filter(takesJson));

test.each(named(routes))("%s refuses a query parameter that it does not know", async (_name, route) => {
  const answer = await ask(route, { path: `${requestFor(route, anyIds).path}?nonsense=1` });
  expect(answer.problem()).toMatchObject({ status: 400, code: "validation-failed" });
  expect(pointers(answer)).toContain("/query/nonsense");
});

test.each(jsonRoutes)("%s refuses a body of another shape, naming the place", async (_name, route) => {
  const answer = await ask(route, { json: "text" });
  expect(answer.problem()).toMatchObject({ status: 400, code: "validation-failed" });
  expect(pointers(answer).length).toBeGreaterThan(0);
});

test.each(jsonRoutes)("%s refuses a field that it does not know", async (_name, route) => {
  const sample = z.record(z.string(), z.unknown()).parse(requestFor(route, anyIds).json);
  const answer = await ask(route, { json: { ...sample, nonsense: "s3cret" } });
  expect(answer.problem()).toMatchObject({ status: 400, code: "validation-failed" });
  expect(pointers(answer)).toContain("/nonsense");
  expect(answer.bytes.toString()).not.toContain("s3cret");
});

test.each(jsonRoutes)("%s refuses JSON that is broken, and other content types", async (_name, route) => {
  const bytes = Buffer.from('{"a":');
  const broken = await ask(route, {
    json: undefined,
    bytes,
    headers: { "content-type": "application/json" },
  });
  expect(broken.problem().code).toBe("malformed-json");
  const text = await ask(route, { json: undefined, bytes, headers: { "content-type": "text/plain" } });
  expect(text.problem()).toMatchObject({ status: 415, code: "unsupported-media-type" });
});

const limited = routes.filter(({ input }) => input.query && "limit" in input.query.shape);
test.each(named(limited))(
  "%s refuses limits outside 1 to 100 and cursors that it did not give",
  async (_name, route) => {
    const path = `${requestFor(route, anyIds).path}?${requiredQuery(route)}`;
    for (const limit of ["0", "101", "1.5", "many", ""])
      expect(pointers(await ask(route, { path: `${path}limit=${limit}` }))).toContain("/query/limit");
    if (route.input.query && !("cursor" in route.input.query.shape)) return;
    const forged = await ask(route, { path: `${path}cursor=${"A".repeat(40)}` });
    expect(["invalid-cursor", "not-found"]).toContain(forged.problem().code);
  },
);

// Ids of keys are theirs, of no fixed form.
const withIds = routes.filter(
  // Any text may be the id of another system.
  ({ path }) =>
    path.startsWith("/api/crm/") && !path.includes("/by-external/") && /\{(?:id|(?!key)\w+Id)\}/.test(path),
);
test.each(named(withIds))("%s refuses an id that is none, without repeating it", async (_name, route) => {
  const answer = await ask(route, {
    path: requestFor(route, anyIds).path.replaceAll(anyIds.any ?? "", "s3cret"),
  });
  expect(answer.problem()).toMatchObject({ status: 400, code: "validation-failed" });
  expect(answer.bytes.toString()).not.toContain("s3cret");
});

const allMethods = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"];
const shapeOf = (path: string): RegExp => new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`);

test.each([...new Set(routes.map(({ path }) => path))])(
  "%s answers 405 with exactly its own methods to every other",
  async (path) => {
    const [first] = routes.filter((route) => route.path === path);
    if (!first) throw new Error(`${path} has no route`);
    const target = requestFor(first, anyIds).path;
    const own = routes
      .filter((route) => shapeOf(route.path).test(target))
      .map(({ method }) => method as string);
    const others = allMethods.filter((method) => !own.includes(method));
    for (const method of others) {
      const answer = await mounts.ask({ method, path: target });
      expect(answer.problem()).toMatchObject({ status: 405, code: "method-not-allowed" });
      expect([method, answer.headers.allow]).toEqual([method, [...new Set(own)].sort().join(", ")]);
    }
  },
);

test("a body above what any route takes is refused on the long-lived host as well", async () => {
  const call = {
    method: "POST",
    path: "/api/webhooks/whatsapp",
    headers: { "content-type": "application/json" },
  };
  const answer = await mounts.ask({ ...call, bytes: Buffer.alloc(3 * 1024 * 1024 + 1, 32) });
  expect(answer.problem()).toMatchObject({ status: 413, code: "payload-too-large" });
  const larger = await mounts.askOne("express", { ...call, bytes: Buffer.alloc(7 * 1024 * 1024, 32) });
  expect(larger.problem()).toMatchObject({ status: 413, code: "payload-too-large" });
  expect(larger.headers["x-request-id"]).toBe(larger.problem().requestId);
});
