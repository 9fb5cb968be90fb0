/** Ids of another tenant: 404 everywhere, and nothing of that tenant's changes. */
import type { Route } from "../../src/lib/http/define.route";
import { closeAllConnections, tenantConnection } from "../../src/lib/tenant/tenant.registry";
import { routes } from "../../src/routes";
import { ApiClient, keysOf, lambdaTransport } from "../builders/api.client";
import { createTenant } from "../builders/client.builder";
import { named } from "./callers";
import { type Mounts, openMounts } from "./mounts";
import { makeRows } from "./rows";
import { anyIds, type Ids, requestFor } from "./target";

const isId = /\{(?:id|\w+Id)\}/;
const withIds = routes.filter(
  ({ path, auth }) => auth.kind === "tenant" && isId.test(path) && !path.includes("by-"),
);

let mounts: Mounts;
let own: Ids;
let theirs: Ids;
let keys: Record<string, string>;
let dump: () => Promise<string>;

beforeAll(async () => {
  const [acme, other] = await Promise.all([createTenant("acme"), createTenant("other")]);
  keys = keysOf(acme);
  const client = (tenant: typeof acme): ApiClient => new ApiClient(lambdaTransport(routes), keysOf(tenant));
  [own, theirs] = await Promise.all([
    makeRows(client(acme), acme.models),
    makeRows(client(other), other.models),
  ]);
  mounts = await openMounts(routes);
  dump = async () => {
    const { db } = await tenantConnection(other.clientCode);
    if (!db) throw new Error("The tenant's database is not open.");
    const names = (await db.collections()).map(({ collectionName }) => collectionName).sort();
    const contents = names.map(async (name) => [
      name,
      await db.collection(name).find().sort({ _id: 1 }).toArray(),
    ]);
    return JSON.stringify(await Promise.all(contents));
  };
});
afterAll(async () => {
  await mounts.close();
  await closeAllConnections();
});

const ask = (route: Route, ids: Ids) => {
  const request = requestFor(route, ids);
  return mounts.ask({ ...request, headers: { ...request.headers, ...keys } });
};

test.each(named(withIds))(
  "%s answers 404 to another tenant's id as to nobody's, and changes nothing",
  async (_name, route) => {
    const before = await dump();
    expect(before.length).toBeGreaterThan(1_000);
    const foreign = await ask(route, theirs);
    const nobodys = await ask(route, anyIds);
    expect(foreign.problem()).toMatchObject({ status: 404, code: "not-found" });
    const { requestId: _1, instance: _2, ...said } = foreign.problem();
    expect(nobodys.problem()).toMatchObject(said);
    expect(await dump()).toBe(before);
  },
);

test("another tenant's stage under an own pipeline is 404", async () => {
  for (const route of routes.filter(({ path }) => path.includes("{stageId}"))) {
    const answer = await ask(route, { ...own, stages: theirs.stages ?? "" });
    expect(answer.problem()).toMatchObject({ status: 404, code: "not-found" });
  }
});

const readable = routes.filter(
  ({ path, auth, method }) => auth.kind === "tenant" && method === "GET" && !path.includes("by-"),
);
test.each(named(readable))(
  "%s answers the owner what its schema says, from both hosts alike",
  async (_name, route) => {
    const answer = await ask(route, own);
    // Content that was never uploaded or written cannot be read, and says so.
    if (answer.status !== 200) {
      expect(["getMediaContent", "getImportErrors", "getExportContent"]).toContain(route.operationId);
      expect(answer.problem().code).toBe("invalid-state");
      return;
    }
    if (route.output.body) expect(route.output.body.safeParse(answer.json()).error).toBeUndefined();
  },
);
