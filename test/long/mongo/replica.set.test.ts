import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endMongos, holdMongo, tryMongo, withClient } from "../../integration/mongo/held.mongo";

let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "ecod-data-"));
});
afterEach(async () => {
  await endMongos();
  await rm(dataDir, { recursive: true, force: true });
});

describe("a replica set on this machine", () => {
  test("with three members elects another primary when the first steps down", async () => {
    const { uri } = await holdMongo({ members: 3 });
    await withClient(uri, async (client) => {
      const rows = client.db("three").collection("rows");
      await rows.insertOne({ name: "before" }, { writeConcern: { w: "majority" } });
      const before = await client.db("admin").command({ hello: 1 });
      await client.db("admin").command({ replSetStepDown: 10, secondaryCatchUpPeriodSecs: 5 });
      await rows.insertOne({ name: "after" }, { writeConcern: { w: "majority" } });
      const after = await client.db("admin").command({ hello: 1 });
      expect(after.primary).not.toBe(before.primary);
      expect(await rows.countDocuments()).toBe(2);
    });
  }, 90_000);

  test("whose data is broken says so in one sentence, without a stack", async () => {
    await mkdir(join(dataDir, "0"));
    await writeFile(join(dataDir, "0", "storage.bson"), "not what it was");
    const result = await tryMongo({ dataDir });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /^MongoSetupError: mongod \d.* did not start in .*ecod-data-.*: .+\. If the data there is broken/,
    );
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
  }, 60_000);
});
