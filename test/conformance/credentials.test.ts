/** Who may call what: every route of the tables, on both hosts. */
import { makeApiKey } from "../../src/lib/auth/api.key";
import { closeAllConnections } from "../../src/lib/tenant/tenant.registry";
import { routes } from "../../src/routes";
import { type Callers, type Headers, makeCallers, named } from "./callers";
import { comparable, type Mounts, openMounts } from "./mounts";
import { anyIds, requestFor } from "./target";

let mounts: Mounts;
let callers: Callers;
let refused: unknown;

beforeAll(async () => {
  callers = await makeCallers();
  mounts = await openMounts(routes);
  refused = comparable(await mounts.ask({ method: "GET", path: "/api/crm/leads" }));
});
afterAll(async () => {
  await mounts.close();
  await closeAllConnections();
});

const tenantRoutes = routes.filter(({ auth }) => auth.kind === "tenant");
const adminRoutes = routes.filter(({ auth }) => auth.kind === "admin");

test.each(named(tenantRoutes))("%s refuses every wrong key alike", async (_name, route) => {
  const { acme, other, admin } = callers;
  const wrong: Headers[] = [
    {},
    { "x-api-key": acme["x-api-key"] ?? "" },
    { "x-client-code": "acme" },
    { ...acme, "x-client-code": "other" },
    { ...other, "x-client-code": "acme" },
    { ...acme, "x-client-code": "nobody" },
    { ...acme, "x-api-key": makeApiKey("test").key },
    { ...admin, "x-client-code": "acme" },
    { "x-api-key": admin["x-admin-key"] ?? "", "x-client-code": "acme" },
  ];
  const request = requestFor(route, anyIds);
  const answers = wrong.map((keys) => mounts.ask({ ...request, headers: { ...request.headers, ...keys } }));
  for (const answer of await Promise.all(answers)) expect(comparable(answer)).toEqual(refused);
});

test.each(named(adminRoutes))("%s takes admin keys only", async (_name, route) => {
  const wrong: Headers[] = [
    {},
    callers.acme,
    { "x-admin-key": callers.acme["x-api-key"] ?? "" },
    { "x-admin-key": makeApiKey("admin").key },
    { "x-admin-key": `${callers.admin["x-admin-key"]},${callers.admin["x-admin-key"]}` },
  ];
  const request = requestFor(route, anyIds);
  const answers = wrong.map((keys) => mounts.ask({ ...request, headers: { ...request.headers, ...keys } }));
  for (const answer of await Promise.all(answers)) expect(comparable(answer)).toEqual(refused);
});

test("the refusal that all are held against is a 401", () => {
  expect(refused).toMatchObject({ status: 401, body: { code: "invalid-credentials" } });
});

test("a header sent twice is refused, even when both are right", async () => {
  const { acme } = callers;
  for (const name of ["x-api-key", "x-client-code"]) {
    const pairs = Object.entries(acme).flat();
    const doubled = await mounts.askRaw("/api/crm/leads", [...pairs, name, acme[name] ?? ""]);
    expect([name, doubled.status, doubled.problem().code]).toEqual([name, 401, "invalid-credentials"]);
  }
  expect((await mounts.askRaw("/api/crm/leads", Object.entries(acme).flat())).status).toBe(200);
});

test("every route says whom it lets in, and what a key must be allowed to do", () => {
  for (const { path, auth } of routes) {
    const expected = path.startsWith("/api/crm/")
      ? "tenant"
      : path.startsWith("/api/admin/")
        ? "admin"
        : "public";
    expect([path, auth.kind]).toEqual([path, expected]);
  }
});
