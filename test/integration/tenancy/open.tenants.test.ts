import { setTimeout as sleep } from "node:timers/promises";
import { mongo } from "mongoose";
import type { ClientCode } from "../../../src/contracts/common.contract";
import { ClusterPool } from "../../../src/lib/db/cluster.pool";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { OpenTenants } from "../../../src/lib/tenant/open.tenants";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { resumeClient, rotateUri, suspendClient } from "../../../src/services/clients/client.service";
import { createTenant, platformContext } from "../../builders/client.builder";
import { central } from "../../setup/central";

const freshMs = 300;

/** Connection string of the run's mongod for one of the users that this file makes. */
function uriOf(user: string, password: string): string {
  const url = new URL(central.uri);
  url.username = user;
  url.password = password;
  url.pathname = "/";
  url.searchParams.set("authSource", central.database);
  return url.toString();
}

describe("the open tenants of a process", () => {
  const admin = new mongo.MongoClient(central.uri);
  const users = admin.db(central.database);
  let pool: ClusterPool;
  let tenants: OpenTenants;
  let codes: ClientCode[];

  beforeAll(async () => {
    for (const user of ["first", "second"])
      await users.command({
        createUser: user,
        pwd: `${user}-secret`,
        roles: [{ role: "root", db: "admin" }],
      });
    codes = [];
    for (let made = 0; made < 5; made++) codes.push((await createTenant()).clientCode);
  });
  beforeEach(() => {
    pool = new ClusterPool(200);
    tenants = new OpenTenants({ pool, capacity: 3, freshMs });
  });
  afterEach(async () => {
    await pool.closeAll();
  });
  afterAll(async () => {
    await users.command({ dropAllUsersFromDatabase: 1 });
    await closeAllConnections();
    await admin.close();
  });

  function code(index: number): ClientCode {
    const found = codes[index];
    if (found === undefined) throw new Error("no such tenant");
    return found;
  }

  async function ask(clientCode: ClientCode): Promise<number> {
    return tenants.withTenant(clientCode, async () => {
      const connection = await tenants.connection(clientCode);
      return connection.collection("leads").countDocuments({});
    });
  }

  test("are at most as many as the capacity, the least recently used ones going first", async () => {
    for (const clientCode of codes.slice(0, 4)) await ask(clientCode);
    expect(tenants.open).toEqual([code(1), code(2), code(3)]);
    await ask(code(1));
    await ask(code(0));
    expect(tenants.open).toEqual([code(3), code(1), code(0)]);
    expect(pool.size).toBe(1);
  });

  test("are not evicted while a request is in flight, and its siblings stay usable when it is evicted later", async () => {
    await tenants.withTenant(code(0), async () => {
      const before = await tenants.connection(code(0));
      for (const clientCode of codes.slice(1)) await ask(clientCode);
      expect(tenants.open).toContain(code(0));
      expect(await tenants.connection(code(0))).toBe(before);
      expect(await before.collection("leads").countDocuments({})).toBe(0);
    });
    for (const clientCode of codes.slice(1)) await ask(clientCode);
    expect(tenants.open).not.toContain(code(0));
    expect(await ask(code(0))).toBe(0);
  });

  test("hold many at once beyond the capacity when all are in flight, and shrink afterwards", async () => {
    await Promise.all(
      codes.map((clientCode) =>
        tenants.withTenant(clientCode, async () => {
          await sleep(300);
          await tenants.connection(clientCode);
        }),
      ),
    );
    expect(tenants.open).toHaveLength(3);
  });

  test("feel a suspension and its end when the central word expires, not before", async () => {
    expect(await ask(code(0))).toBe(0);
    await suspendClient(platformContext(), code(0));
    expect(await ask(code(0))).toBe(0);
    await sleep(freshMs);
    await expect(ask(code(0))).rejects.toMatchObject({ code: "client-suspended", status: 403 });
    // Its webhooks are still stored.
    const stored = tenants.withTenant(code(0), () => tenants.connection(code(0)), { evenSuspended: true });
    await expect(stored).resolves.toBeDefined();
    await resumeClient(platformContext(), code(0));
    await sleep(freshMs);
    expect(await ask(code(0))).toBe(0);
  });

  test("take a rotation of credentials with no failed request, and let the old ones go", async () => {
    const tenant = code(0);
    await rotateUri(platformContext(), tenant, { uri: uriOf("first", "first-secret") });
    let stop = false;
    let answered = 0;
    const failures: unknown[] = [];
    const caller = async (): Promise<void> => {
      while (!stop) {
        await ask(tenant).then(
          () => {
            answered += 1;
          },
          (error: unknown) => failures.push(error),
        );
      }
    };
    const callers = Array.from({ length: 4 }, caller);
    // A long request goes on with the old credentials to its end.
    const long = tenants.withTenant(tenant, async () => {
      const connection = await tenants.connection(tenant);
      await sleep(3 * freshMs);
      expect(pool.size).toBe(2);
      return connection.collection("leads").countDocuments({});
    });
    await sleep(freshMs / 2);
    await rotateUri(platformContext(), tenant, { uri: uriOf("second", "second-secret") });
    expect(await long).toBe(0);
    await sleep(freshMs);
    expect(pool.size).toBe(1);
    await users.command({ dropUser: "first" });
    const before = answered;
    await sleep(2 * freshMs);
    stop = true;
    await Promise.all(callers);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(before);
  });

  test("answer 503 while the credentials are refused, and use corrected ones as soon as they are there", async () => {
    const tenant = code(1);
    await users.command({ createUser: "third", pwd: "third-secret", roles: [{ role: "root", db: "admin" }] });
    await rotateUri(platformContext(), tenant, { uri: uriOf("third", "third-secret") });
    await users.command({ updateUser: "third", pwd: "changed-secret" });
    await expect(ask(tenant)).rejects.toMatchObject({ code: "tenant-database-unavailable" });
    await rotateUri(platformContext(), tenant, { uri: uriOf("third", "changed-secret") });
    expect(await ask(tenant)).toBe(0);
  });

  test("never open a database that is another tenant's, whatever the data source says", async () => {
    const { ClientDataSource } = await getCentralModels();
    const { dbName } = (await ClientDataSource.findOne({ clientCode: code(3) }).lean()) ?? {};
    await ClientDataSource.updateOne({ clientCode: code(2) }, { $set: { dbName } });
    await expect(ask(code(2))).rejects.toMatchObject({ code: "tenant-database-unavailable" });
    await ClientDataSource.updateOne(
      { clientCode: code(2) },
      { $set: { dbName: central.tenantDatabase(code(2)) } },
    );
    expect(await ask(code(2))).toBe(0);
  });

  test("do not give one tenant the database of another by a rotation", async () => {
    const rotated = rotateUri(platformContext(), code(2), {
      uri: central.uri,
      dbName: central.tenantDatabase(code(3)),
    });
    await expect(rotated).rejects.toMatchObject({ code: "conflict" });
    expect(await ask(code(2))).toBe(0);
  });
});
