import { setTimeout as sleep } from "node:timers/promises";
import { mongo } from "mongoose";
import type { ClientCode } from "../../../src/contracts/common.contract";
import { adoptEnvironment, env } from "../../../src/lib/env/env";
import { getCrmModels } from "../../../src/lib/tenant/get.crm.model";
import { closeAllConnections, withTenant } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { central } from "../../setup/central";

// The name that this file's sockets carry, so that the server can tell them from those of other test files.
const appName = `sockets-${central.database}`;
adoptEnvironment({ AWS_LAMBDA_FUNCTION_NAME: appName, IS_OFFLINE: "true" });

describe("the sockets of a process", () => {
  const observer = new mongo.MongoClient(central.uri);
  const tenants: ClientCode[] = [];

  beforeAll(async () => {
    for (let made = 0; made < 3; made++) tenants.push((await createTenant()).clientCode);
  });
  beforeEach(closeAllConnections);
  afterAll(async () => {
    await closeAllConnections();
    await observer.close();
  });

  /** Sockets that the server holds for this process, idle ones and the monitoring one included. */
  async function sockets(): Promise<number> {
    const operations = await observer
      .db("admin")
      .aggregate([{ $currentOp: { allUsers: true, idleConnections: true } }, { $match: { appName } }])
      .toArray();
    return operations.length;
  }

  async function read(clientCode: ClientCode): Promise<void> {
    await withTenant(clientCode, async () => {
      const { Lead } = await getCrmModels(clientCode);
      await Lead.findOne({}).lean();
    });
  }

  test("50 parallel first requests of a tenant open at most pool + 1, together with the central database's", async () => {
    const [tenant] = tenants;
    if (!tenant) throw new Error("no tenant");
    await Promise.all(Array.from({ length: 50 }, () => read(tenant)));
    const open = await sockets();
    expect(open).toBeGreaterThan(1);
    expect(open).toBeLessThanOrEqual(env().MONGODB_POOL_SIZE + 1);
  });

  test("further tenants on the same cluster add none", async () => {
    await Promise.all(tenants.flatMap((tenant) => Array.from({ length: 20 }, () => read(tenant))));
    expect(await sockets()).toBeLessThanOrEqual(env().MONGODB_POOL_SIZE + 1);
  });

  test("all are closed at the end", async () => {
    await Promise.all(tenants.map(read));
    await closeAllConnections();
    // The server notices a closed socket a moment later.
    const until = Date.now() + 10_000;
    while ((await sockets()) > 0 && Date.now() < until) await sleep(50);
    expect(await sockets()).toBe(0);
  });

  test("a warm tenant is found without any query", async () => {
    const [tenant] = tenants;
    if (!tenant) throw new Error("no tenant");
    await read(tenant);
    let queries = 0;
    const { Lead } = await getCrmModels(tenant);
    Lead.db.getClient().on("connectionCheckedOut", () => {
      queries += 1;
    });
    await withTenant(tenant, () => getCrmModels(tenant));
    expect(queries).toBe(0);
    await Lead.findOne({}).lean();
    expect(queries).toBe(1);
  });
});
