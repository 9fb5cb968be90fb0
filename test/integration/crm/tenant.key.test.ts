import * as z from "zod";
import { auditEntrySchema } from "../../../src/contracts/audit.contract";
import { shownApiKeySchema } from "../../../src/contracts/client.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { tenantKeySchema } from "../../../src/contracts/tenant.key.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import type { Scope } from "../../../src/lib/http/define.route";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { auditRoutes } from "../../../src/routes/crm/audit.routes";
import { keyRoutes } from "../../../src/routes/crm/key.routes";
import { leadRoutes } from "../../../src/routes/crm/lead.routes";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

afterAll(closeAllConnections);

const base = "/api/crm/api-keys";
const transport = lambdaTransport([...keyRoutes, ...leadRoutes, ...auditRoutes]);

async function keyTenant(scopes?: readonly Scope[]) {
  const { clientCode, apiKey } = await createTenant(undefined, scopes ? { scopes } : {});
  const client = (key: string) => new ApiClient(transport, keysOf({ apiKey: key, clientCode }));
  return { clientCode, client, api: client(apiKey) };
}

const list = async (api: ApiClient) => (await api.get(base)).as(pageSchema(tenantKeySchema)).data;
const input = (name: string, scopes: string[] = ["leads:read"]) => ({ name, scopes });

test("a key that a tenant made does what it was made for and no more, and only its hash is kept", async () => {
  const { api, client, clientCode } = await keyTenant();
  const made = await api.post(base, input("website"));
  expect(made.status).toBe(201);
  const { key, keyId } = made.as(shownApiKeySchema);
  expect((await client(key).get("/api/crm/leads")).status).toBe(200);
  expect((await client(key).post("/api/crm/leads", { firstName: "A" })).problem().code).toBe(
    "insufficient-scope",
  );
  expect((await client(key).get(base)).status).toBe(403);
  const twin = await api.post(base, input("website"));
  expect(twin.json()).toMatchObject({ status: 409, code: "duplicate", keyId });
  expect(await list(api)).toContainEqual(expect.objectContaining({ keyId, name: "website", working: true }));
  const { Client } = await getCentralModels();
  expect(JSON.stringify(await Client.findOne({ clientCode }).lean())).not.toContain(key.split("_").at(-1));
});

test("nobody gives away, replaces or takes more than the own key may", async () => {
  const { api } = await keyTenant(["keys:manage", "leads:read"]);
  const beyond = await api.post(base, input("more", ["leads:write"]));
  expect([beyond.status, beyond.problem().code]).toEqual([403, "insufficient-scope"]);
  const unknown = await api.post(base, input("odd", ["leads:read", "all"]));
  expect([unknown.status, unknown.problem().errors?.[0]?.pointer]).toEqual([400, "/scopes/1"]);

  const strong = await keyTenant();
  const manager = await strong.api.post(base, input("manager", ["keys:manage", "leads:read"]));
  const weak = strong.client(manager.as(shownApiKeySchema).key);
  const owner = (await list(strong.api)).find(({ current }) => current)?.keyId ?? "";
  expect((await weak.post(`${base}/${owner}/rotate`, {})).problem().code).toBe("insufficient-scope");
  expect((await weak.post(`${base}/${owner}/revoke`)).problem().code).toBe("insufficient-scope");
});

test("a key that ends makes none that outlives it", async () => {
  const { api, client } = await keyTenant();
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const made = await api.post(base, { ...input("temp", ["keys:manage"]), expiresAt });
  const temp = client(made.as(shownApiKeySchema).key);
  expect((await temp.post(base, input("child", ["keys:manage"]))).as(shownApiKeySchema).expiresAt).toBe(
    expiresAt,
  );
  const later = {
    ...input("later", ["keys:manage"]),
    expiresAt: new Date(Date.now() + 7_200_000).toISOString(),
  };
  expect((await temp.post(base, later)).problem().errors?.[0]?.pointer).toBe("/expiresAt");
  const owner = (await list(api)).find(({ current }) => current)?.keyId ?? "";
  const lasting = (await api.post(base, input("lasting", ["keys:manage"]))).as(shownApiKeySchema);
  expect((await temp.post(`${base}/${lasting.keyId}/rotate`, {})).problem().code).toBe("insufficient-scope");
  expect((await list(api)).map(({ name }) => name)).toHaveLength(4);
  expect((await api.post(`${base}/${owner}/rotate`, { overlapHours: 1 })).status).toBe(201);
  // What was replaced, perhaps because it leaked, takes nothing over.
  expect((await api.post(`${base}/${lasting.keyId}/rotate`, {})).problem().code).toBe("insufficient-scope");
  const past = { ...input("past"), expiresAt: new Date(Date.now() - 1_000).toISOString() };
  expect((await api.post(base, past)).status).toBe(400);
});

test("a replaced key works on for its overlap, and a revoked one not at all", async () => {
  const { api, client } = await keyTenant();
  const first = (await api.post(base, input("shop"))).as(shownApiKeySchema);
  const second = await api.post(`${base}/${first.keyId}/rotate`, { overlapHours: 2 });
  expect(second.status).toBe(201);
  const { key, keyId, name, scopes } = second.as(shownApiKeySchema);
  expect([name, scopes]).toEqual(["shop", ["leads:read"]]);
  expect((await client(first.key).get("/api/crm/leads")).status).toBe(200);
  expect((await client(key).get("/api/crm/leads")).status).toBe(200);
  const old = (await list(api)).find((each) => each.keyId === first.keyId);
  expect(Date.parse(old?.expiresAt ?? "") - Date.now()).toBeLessThanOrEqual(2 * 3_600_000);
  expect((await api.post(`${base}/${keyId}/revoke`)).as(tenantKeySchema).working).toBe(false);
  expect((await api.post(`${base}/${keyId}/revoke`)).status).toBe(200);
  expect((await client(key).get("/api/crm/leads")).status).toBe(401);
  expect((await api.post(`${base}/${keyId}/rotate`, {})).problem().code).toBe("invalid-state");
  expect((await api.post(`${base}/nokey123/revoke`)).status).toBe(404);
});

test("the last key that manages keys cannot be revoked", async () => {
  const { api } = await keyTenant();
  const own = (await list(api)).find(({ current }) => current)?.keyId ?? "";
  expect((await api.post(`${base}/${own}/revoke`)).problem().code).toBe("invalid-state");
});

test("of 5 parallel creations of one name one makes a key; each act is audited, without secrets", async () => {
  const { api, clientCode } = await keyTenant();
  const answers = await Promise.all(Array.from({ length: 5 }, () => api.post(base, input("once"))));
  const made = answers.filter(({ status }) => status === 201);
  expect(made).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(4);
  const shown = made[0]?.as(shownApiKeySchema);
  const entries = (await api.get("/api/crm/audit-log?action=api_key_updated")).as(
    pageSchema(auditEntrySchema),
  ).data;
  expect(entries.map(({ data }) => data)).toEqual([
    expect.objectContaining({ action: "create", name: "once", keyId: shown?.keyId }),
  ]);
  expect(JSON.stringify(entries)).not.toContain(shown?.key);
  const { PlatformAudit } = await getCentralModels();
  const acts = await PlatformAudit.find({ clientCode, action: "tenant.key.create" }).lean();
  expect(z.array(z.unknown()).parse(acts).length).toBe(5);
});
