import { readdir, readFile, rm } from "node:fs/promises";
import { basename } from "node:path";
import type * as z from "zod";
import {
  clientViewSchema,
  createdClientSchema,
  migrationReportSchema,
  offboardedSchema,
  shownApiKeySchema,
} from "../../../src/contracts/client.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { moveClock } from "../../../src/lib/clock/clock";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { mintClientCode } from "../../../src/lib/tenant/client.code";
import { tenantMigrations } from "../../../src/lib/tenant/migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { adminClientRoutes } from "../../../src/routes/admin/clients.routes";
import { leadRoutes } from "../../../src/routes/crm/lead.routes";
import { createAdminKey, revokeAdminKey } from "../../../src/services/clients/admin.key.service";
import { writeSecret } from "../../../src/services/clients/secret.service";
import { ApiClient, lambdaTransport } from "../../builders/api.client";
import { platformContext } from "../../builders/client.builder";
import { central } from "../../setup/central";

const allMigrations = tenantMigrations.map(({ id }) => id);

const path = "/api/admin/clients";

describe("the platform team over the admin API", () => {
  const transport = lambdaTransport([...adminClientRoutes, ...leadRoutes]);
  let admin: ApiClient;

  beforeAll(async () => {
    await migrateCentral();
    const { key } = await createAdminKey(platformContext(), { name: "anna" });
    admin = new ApiClient(transport, { "x-admin-key": key });
  });
  afterAll(closeAllConnections);

  async function create(clientCode: string): Promise<z.output<typeof createdClientSchema>> {
    const dbName = central.tenantDatabase(clientCode);
    const answer = await admin.post(path, { clientCode, name: `The ${clientCode}`, dbName });
    expect(answer.status).toBe(201);
    return answer.as(createdClientSchema);
  }

  /** Status of a tenant's own request with a key. */
  async function asTenant(clientCode: string, apiKey: string): Promise<number> {
    const tenant = new ApiClient(transport, { "x-api-key": apiKey, "x-client-code": clientCode });
    return (await tenant.get("/api/crm/leads")).status;
  }

  async function auditOf(clientCode: string): Promise<string[]> {
    const { PlatformAudit } = await getCentralModels();
    const acts = await PlatformAudit.find({ clientCode }).sort({ _id: 1 }).lean();
    expect(new Set(acts.map(({ actor }) => actor.id))).toEqual(new Set(["anna"]));
    return acts.map(({ action }) => action);
  }

  test("creates a client whose key works at once, lists and shows it without any secret", async () => {
    const { client, apiKey } = await create("first");
    expect(client).toMatchObject({ status: "active", migrated: allMigrations });

    const listed = (await admin.get(`${path}?limit=100`)).as(pageSchema(clientViewSchema));
    expect(listed.data.map(({ clientCode }) => clientCode)).toContain("first");
    const shown = await admin.get(`${path}/first`);
    expect(shown.as(clientViewSchema)).toEqual(client);
    expect(shown.bytes.toString()).not.toContain(apiKey.key.split("_")[3]);
    expect(await auditOf("first")).toEqual(["client.create"]);
    // Last, since using the key is noted in what is shown.
    expect(await asTenant("first", apiKey.key)).toBe(200);
  });

  test("pages through clients, and refuses a cursor of another filter", async () => {
    await create("page-a");
    await create("page-b");
    const first = (await admin.get(`${path}?limit=1`)).as(pageSchema(clientViewSchema));
    expect(first.hasMore).toBe(true);
    const second = (await admin.get(`${path}?limit=1&cursor=${first.nextCursor}`)).as(
      pageSchema(clientViewSchema),
    );
    expect(second.data[0]?.clientCode).not.toBe(first.data[0]?.clientCode);
    const wrong = await admin.get(`${path}?limit=1&status=active&cursor=${first.nextCursor}`);
    expect(wrong.problem().code).toBe("invalid-cursor");
  });

  test("refuses a taken code, a database of another client, a bad shape, and an unknown client", async () => {
    await create("taken");
    const again = await admin.post(path, {
      clientCode: "taken",
      name: "x",
      dbName: central.tenantDatabase("taken"),
    });
    expect([again.status, again.problem().code]).toEqual([409, "duplicate"]);
    const stolen = await admin.post(path, {
      clientCode: "thief",
      name: "x",
      dbName: central.tenantDatabase("taken"),
    });
    expect([stolen.status, stolen.problem().code]).toEqual([409, "conflict"]);
    const bad = await admin.post(path, { clientCode: "Not Good", name: "", extra: 1 });
    expect(bad.status).toBe(400);
    expect(
      bad
        .problem()
        .errors?.map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(["/clientCode", "/extra", "/name"]);
    const { Client } = await getCentralModels();
    expect(await Client.countDocuments({ clientCode: "thief" })).toBe(0);
    expect((await admin.get(`${path}/nobody`)).status).toBe(404);
    expect((await admin.post(`${path}/nobody/suspend`, {})).status).toBe(404);
  });

  test("is refused without an admin key, with a tenant's key, and with a revoked one", async () => {
    const { apiKey } = await create("lonely");
    expect((await new ApiClient(transport).get(path)).status).toBe(401);
    expect((await new ApiClient(transport, { "x-admin-key": apiKey.key }).get(path)).status).toBe(401);
    const { key } = await createAdminKey(platformContext(), { name: "bob" });
    const bob = new ApiClient(transport, { "x-admin-key": key });
    expect((await bob.get(path)).status).toBe(200);
    await revokeAdminKey(platformContext(), "bob");
    expect((await bob.get(path)).status).toBe(401);
  });

  test("suspends and resumes: a suspended client's key answers 403", async () => {
    const { apiKey } = await create("pausing");
    const suspended = await admin.post(`${path}/pausing/suspend`, { reason: "unpaid invoice" });
    expect(suspended.as(clientViewSchema)).toMatchObject({
      status: "suspended",
      suspendedReason: "unpaid invoice",
    });
    // Keys looked up before are believed for a while; this one was not.
    expect(await asTenant("pausing", apiKey.key)).toBe(403);
    expect((await admin.post(`${path}/pausing/resume`)).as(clientViewSchema).status).toBe("active");
    expect(await auditOf("pausing")).toEqual(["client.create", "client.suspend", "client.resume"]);
  });

  test("rotates a key with an overlap: both work, then only the new one; a revoked one stops at once", async () => {
    const { apiKey } = await create("keys");
    const rotated = await admin.post(`${path}/keys/keys`, { name: "website", overlapHours: 2 });
    const fresh = rotated.as(shownApiKeySchema);
    expect([await asTenant("keys", apiKey.key), await asTenant("keys", fresh.key)]).toEqual([200, 200]);
    await moveClock({ byMs: 2 * 3_600_000 + 1_000 });
    expect([await asTenant("keys", apiKey.key), await asTenant("keys", fresh.key)]).toEqual([401, 200]);
    const revoked = await admin.post(`${path}/keys/keys/${fresh.keyId}/revoke`);
    expect(revoked.status).toBe(200);
    expect(await asTenant("keys", fresh.key)).toBe(401);
    const listed = (await admin.get(`${path}/keys/keys`)).json();
    expect(JSON.stringify(listed)).not.toContain("hash");
    const unknown = await admin.post(`${path}/keys/keys`, { replaces: ["nothere0"] });
    expect([unknown.status, unknown.problem().code]).toEqual([422, "invalid-reference"]);
  });

  test("lets a client have twenty working keys and no more", async () => {
    await create("many");
    for (let key = 2; key <= 20; key++)
      expect((await admin.post(`${path}/many/keys`, { replaces: [] })).status).toBe(201);
    const further = await admin.post(`${path}/many/keys`, { replaces: [] });
    expect([further.status, further.problem().code]).toEqual([422, "invalid-state"]);
    expect((await admin.post(`${path}/many/keys`, { overlapHours: 0 })).status).toBe(201);
  });

  test("migrates a client, which changes nothing when nothing is missing", async () => {
    await create("current");
    const report = (await admin.post(`${path}/current/migrate`, {})).as(migrationReportSchema);
    expect(report).toEqual({
      clientCode: "current",
      applied: allMigrations,
      ran: [],
      indexesCreated: [],
      indexesDropped: [],
      indexesSurplus: [],
    });
  });

  test("refuses to point a client at a cluster that does not answer or does not hold its data", async () => {
    await create("fixed");
    const dead = await admin.post(`${path}/fixed/data-source`, {
      uri: "mongodb://127.0.0.1:9/?directConnection=true",
    });
    expect([dead.status, dead.problem().code]).toEqual([503, "tenant-database-unavailable"]);
    expect(dead.bytes.toString()).not.toContain("127.0.0.1");
    const empty = await admin.post(`${path}/fixed/data-source`, {
      uri: central.uri,
      dbName: central.tenantDatabase("empty"),
    });
    expect([empty.status, empty.problem().code]).toEqual([409, "conflict"]);
    expect((await admin.get(`${path}/fixed`)).as(clientViewSchema).dataSourceVersion).toBe(1);
  });

  test("offboards: nothing before it is suspended and settled, then a whole export, then nothing is left", async () => {
    const { apiKey } = await create("leaver");
    const tenant = new ApiClient(transport, { "x-api-key": apiKey.key, "x-client-code": "leaver" });
    expect((await tenant.post("/api/crm/leads", { firstName: "Ada", phone: "+4915112345678" })).status).toBe(
      201,
    );
    await writeSecret(mintClientCode("leaver"), "whatsapp.token:1", "a token");

    const offboard = (confirm: string) => admin.post(`${path}/leaver/offboard`, { confirm });
    expect((await offboard("leaver")).problem().code).toBe("invalid-state");
    await admin.post(`${path}/leaver/suspend`, {});
    expect((await offboard("leaver")).problem().code).toBe("invalid-state");
    await moveClock({ byMs: 60_000 });
    expect((await offboard("other")).problem().code).toBe("validation-failed");
    const left = (await offboard("leaver")).as(offboardedSchema);

    const folder = left.exported?.folder ?? "";
    expect(basename(folder)).toMatch(/^leaver-/);
    const leads = (await readFile(`${folder}/leads.ndjson`, "utf8")).trim().split("\n");
    expect(leads).toHaveLength(1);
    expect(leads[0]).toContain("Ada");
    const files = (await readdir(folder)).filter((file) => file.endsWith(".ndjson"));
    expect(left.exported?.files.map(({ file }) => file).sort()).toEqual(files.sort());
    await rm(folder, { recursive: true });

    const models = await getCentralModels();
    const { Client, ClientDataSource, Secret, Job } = models;
    for (const { collection } of [Client, ClientDataSource, Secret, Job])
      expect(await collection.countDocuments({ clientCode: "leaver" })).toBe(0);
    const { databases } = await models.Client.db
      .getClient()
      .db("admin")
      .admin()
      .listDatabases({ nameOnly: true });
    expect(databases.map(({ name }) => name)).not.toContain(central.tenantDatabase("leaver"));
    expect(await auditOf("leaver")).toContain("client.offboard");
    expect((await admin.get(`${path}/leaver`)).status).toBe(404);
  });
});
