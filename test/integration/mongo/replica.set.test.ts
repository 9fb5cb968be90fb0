import { mongo } from "mongoose";
import { env } from "../../../src/lib/env/env";
import { central } from "../../setup/central";

describe("the mongod that tests, dev and demo run on", () => {
  const client = new mongo.MongoClient(central.uri);
  const db = client.db(central.database);
  afterAll(() => client.close());

  test("the environment of the code under test names this file's databases", () => {
    expect(env()).toMatchObject({
      ECOD_STAGE: "local",
      MONGODB_URI: central.uri,
      ECOD_CENTRAL_DB: central.database,
    });
    expect(central.tenantDatabase("acme")).toBe(`${central.database}_t_acme`);
  });

  test("a transaction that commits shows all its writes, one that throws shows none", async () => {
    const rows = db.collection<{ _id: number; from: string }>("rows");
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await rows.insertOne({ _id: 1, from: "committed" }, { session });
        await rows.insertOne({ _id: 2, from: "committed" }, { session });
      }),
    );
    const failing = client.withSession((session) =>
      session.withTransaction(async () => {
        await rows.insertOne({ _id: 3, from: "aborted" }, { session });
        throw new Error("changed my mind");
      }),
    );
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await rows.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 1, from: "committed" },
      { _id: 2, from: "committed" },
    ]);
  });

  test("a change stream reports an insert", async () => {
    const rows = db.collection<{ name: string }>("watched");
    const session = client.startSession();
    await rows.insertOne({ name: "seen" }, { session });
    const changes = rows.watch([], { startAtOperationTime: session.operationTime });
    try {
      expect(await changes.next()).toMatchObject({ operationType: "insert", fullDocument: { name: "seen" } });
    } finally {
      await changes.close();
      await session.endSession();
    }
  });

  test("a majority write and the server's clock in an aggregation work as the queue needs them", async () => {
    const rows = db.collection<{ _id: number; at?: Date }>("clock");
    await rows.insertOne({ _id: 1 }, { writeConcern: { w: "majority" } });
    await rows.updateOne({ _id: 1 }, [{ $set: { at: "$$NOW" } }]);
    const row = await rows.findOne({ _id: 1 });
    expect(Math.abs((row?.at?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});
