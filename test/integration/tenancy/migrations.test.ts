import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, createConnection } from "mongoose";
import { clientCodeSchema } from "../../../src/contracts/common.contract";
import { centralConnection } from "../../../src/lib/db/central.connection";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { declaredIndexes } from "../../../src/lib/db/sync.indexes";
import { processEnvironment } from "../../../src/lib/env/env";
import { tenantMigrations } from "../../../src/lib/tenant/migrations";
import { migrateDatabase } from "../../../src/lib/tenant/migrations/migrate.database";
import type { Migration } from "../../../src/lib/tenant/migrations/migration";
import { migrationsCollection } from "../../../src/lib/tenant/tenant.owner";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { centralSchemas } from "../../../src/model/clients";
import { crmSchemas } from "../../../src/model/saas";
import { central } from "../../setup/central";

const clientCode = clientCodeSchema.parse("acme");

type IndexNames = Record<string, string[]>;

function declaredNames(schemas: Parameters<typeof declaredIndexes>[0]): IndexNames {
  const names: IndexNames = {};
  for (const [collection, indexes] of declaredIndexes(schemas))
    if (indexes.length > 0) names[collection] = indexes.map(({ name }) => name).sort();
  return names;
}

async function existingNames(connection: Connection): Promise<IndexNames> {
  const names: IndexNames = {};
  for (const { name } of await connection.listCollections()) {
    const indexes = (await connection.collection(name).indexes()).map((index) => index.name ?? "");
    const own = indexes.filter((index) => index !== "_id_").sort();
    if (own.length > 0) names[name] = own;
  }
  return names;
}

describe("migrations", () => {
  let root: Connection;
  let made = 0;

  beforeAll(async () => {
    root = await createConnection(central.uri, { autoIndex: false, autoCreate: false }).asPromise();
  });
  afterAll(async () => {
    await root.destroy();
    await closeAllConnections();
  });

  function freshDatabase(): Connection {
    made += 1;
    return root.useDb(central.tenantDatabase(`migrated-${made}`));
  }

  test("give a tenant's database every index that the schemas declare and no other", async () => {
    const database = freshDatabase();
    const report = await migrateDatabase(database, clientCode);
    expect(report.ran).toEqual(tenantMigrations.map(({ id }) => id));
    expect(await existingNames(database)).toEqual(declaredNames(crmSchemas));
  });

  test("give the central database every index that the schemas declare and no other", async () => {
    await migrateCentral();
    const again = await migrateCentral();
    expect(again).toEqual({ created: [], dropped: [], surplus: [] });
    expect(await existingNames(await centralConnection())).toEqual(declaredNames(centralSchemas));
  });

  test("change nothing when they are run again", async () => {
    const database = freshDatabase();
    await migrateDatabase(database, clientCode);
    const record = () =>
      database
        .collection<{ _id: string }>(migrationsCollection)
        .find({ _id: { $ne: "lock" } })
        .toArray();
    const before = await record();
    const again = await migrateDatabase(database, clientCode);
    expect(again.ran).toEqual([]);
    expect(again.indexes).toEqual({ created: [], dropped: [], surplus: [] });
    expect(await record()).toEqual(before);
  });

  test("finish after a kill in the middle, once the dead run's lease is over", async () => {
    const database = freshDatabase();
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "test/integration/tenancy/migrate.child.ts", database.name],
      { env: processEnvironment({ FAILPOINT: "during-migration" }), stdio: ["ignore", "inherit", "inherit"] },
    );
    const [, signal] = await once(child, "close");
    expect(signal).toBe("SIGKILL");
    const first = tenantMigrations[0]?.id ?? "";
    const rows = database.collection<{ _id: string }>(migrationsCollection);
    expect(await rows.findOne({ _id: first })).toMatchObject({ stepsDone: 0, finishedAt: null });

    const report = await migrateDatabase(database, clientCode);
    expect(report.ran).toContain(first);
    expect(await existingNames(database)).toEqual(declaredNames(crmSchemas));
  });

  test("go on at the step where the run before failed", async () => {
    const database = freshDatabase();
    const done: string[] = [];
    let broken = true;
    const migrations: Migration[] = [
      {
        id: "0001-two-steps",
        steps: [
          {
            name: "one",
            async run() {
              done.push("one");
            },
          },
          {
            name: "two",
            async run() {
              if (broken) throw new Error("the disk is full");
              done.push("two");
            },
          },
        ],
      },
    ];
    await expect(migrateDatabase(database, clientCode, { migrations })).rejects.toThrow("the disk is full");
    broken = false;
    await migrateDatabase(database, clientCode, { migrations });
    expect(done).toEqual(["one", "two"]);
  });

  test("run once when two start at the same time", async () => {
    const database = freshDatabase();
    let runs = 0;
    const slow: Migration = {
      id: "0001-slow",
      steps: [
        {
          name: "slow",
          async run() {
            runs += 1;
            await sleep(400);
          },
        },
      ],
    };
    const [one, two] = await Promise.all([
      migrateDatabase(database, clientCode, { migrations: [slow] }),
      migrateDatabase(database, clientCode, { migrations: [slow] }),
    ]);
    expect(runs).toBe(1);
    expect([...one.ran, ...two.ran]).toEqual(["0001-slow"]);
  });

  test("keep their lock longer than its lease while they work, and stop when it was taken over", async () => {
    const database = freshDatabase();
    const rows = database.collection<{ _id: string; token: string | null }>(migrationsCollection);
    let second = false;
    const migrations: Migration[] = [
      {
        id: "0001-long",
        steps: [
          {
            name: "longer than the lease",
            async run() {
              await sleep(900);
              const other = migrateDatabase(database, clientCode, {
                migrations: [],
                leaseMs: 300,
                waitMs: 0,
              });
              await expect(other).rejects.toMatchObject({ code: "conflict" });
              await rows.updateOne({ _id: "lock" }, { $set: { token: "somebody else" } });
            },
          },
          {
            name: "second",
            async run() {
              second = true;
            },
          },
        ],
      },
    ];
    await expect(migrateDatabase(database, clientCode, { migrations, leaseMs: 300 })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(second).toBe(false);
  });

  test("refuse a migration that was edited after it ran, and a database that is ahead of the code", async () => {
    const database = freshDatabase();
    const step = { name: "step", run: async () => undefined };
    await migrateDatabase(database, clientCode, { migrations: [{ id: "0001-a", steps: [step] }] });
    const edited = migrateDatabase(database, clientCode, {
      migrations: [{ id: "0001-a", steps: [step, { ...step, name: "added" }] }],
    });
    await expect(edited).rejects.toThrow("edited after it ran");
    await expect(migrateDatabase(database, clientCode, { migrations: [] })).rejects.toThrow("newer version");
  });

  test("refuse a database that is another tenant's", async () => {
    const database = freshDatabase();
    await migrateDatabase(database, clientCode, { migrations: [] });
    const other = migrateDatabase(database, clientCodeSchema.parse("other"), { migrations: [] });
    await expect(other).rejects.toMatchObject({ code: "conflict" });
  });

  test("leave undeclared and changed indexes to a contracting run, so that two versions can work side by side", async () => {
    const database = freshDatabase();
    await database.collection("leads").createIndex({ old: 1 }, { name: "old" });
    await migrateDatabase(database, clientCode);
    expect((await existingNames(database)).leads).toContain("old");
    const contracted = await migrateDatabase(database, clientCode, { contract: true });
    expect(contracted.indexes.dropped).toEqual(["leads.old"]);

    await database.collection("leads").dropIndex("phone");
    await database.collection("leads").createIndex({ "phone.e164": 1 }, { name: "phone" });
    await expect(migrateDatabase(database, clientCode)).rejects.toThrow(
      "leads.phone is declared differently",
    );
    await migrateDatabase(database, clientCode, { contract: true });
    const phone = (await database.collection("leads").indexes()).find(({ name }) => name === "phone");
    expect(phone).toMatchObject({ unique: true });
    expect(await existingNames(database)).toEqual(declaredNames(crmSchemas));
  });
});
