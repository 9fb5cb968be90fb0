import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { MongoMemoryServer } from "mongodb-memory-server-core";
import { mongo } from "mongoose";
import * as z from "zod";
import { isAlive } from "../../../dev/mongo/process.alive";
import { resolveMongod } from "../../../dev/mongo/resolve.mongod";
import { processEnvironment } from "../../../src/lib/env/env";
import { central } from "../../setup/central";
import { type RunningScript, runScriptFile, startScript } from "../../setup/run.script";

const CHILD = "test/integration/mongo/start.child.ts";
const startedSchema = z.object({
  uri: z.string(),
  source: z.string(),
  version: z.string(),
  pid: z.number().optional(),
});

/** The run's own MONGODB_URI is taken away, so that a server has to be started. */
const noServerGiven = processEnvironment({ MONGODB_URI: "" });
const running: RunningScript[] = [];
let dataDir = "";

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "ecod-data-"));
});
afterEach(async () => {
  for (const script of running.splice(0)) {
    script.child.kill("SIGTERM");
    await script.ended;
  }
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: object): Promise<{ uri: string; pid: number; script: RunningScript }> {
  const script = startScript(CHILD, [JSON.stringify(options)], noServerGiven);
  running.push(script);
  const { uri, pid } = startedSchema.parse(JSON.parse(await script.firstLine));
  return { uri, pid: z.number().parse(pid), script };
}

async function stop(script: RunningScript): Promise<void> {
  script.child.kill("SIGTERM");
  expect(await script.ended).toMatchObject({ code: 0 });
  running.splice(running.indexOf(script), 1);
}

async function withClient<Result>(
  uri: string,
  work: (client: mongo.MongoClient) => Promise<Result>,
): Promise<Result> {
  const client = await mongo.MongoClient.connect(uri, { serverSelectionTimeoutMS: 10_000 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function goneWithin(pid: number, milliseconds: number): Promise<boolean> {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline; await sleep(50))
    if (!isAlive(pid)) return true;
  return false;
}

const portOf = (uri: string): number => Number(/:(\d+)\//.exec(uri)?.[1]);

async function temporaryFolders(pid: number | undefined): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`ecod-mongo-${pid}-`));
}

describe("a server that is started", () => {
  test("says in one line which mongod was taken and how to choose another, and leaves nothing at its end", async () => {
    const script = startScript(CHILD, ["{}", "once"], noServerGiven);
    const result = await script.ended;
    expect(result.code).toBe(0);
    expect(result.stderr.trim().split("\n").at(-1)).toMatch(
      /^MongoDB \d+\.\d+\.\d+ \(.+, .+\) on port \d+, throw-away data\. Choose another with MONGODB_URI or MONGOD_BINARY\.$/,
    );
    const { pid } = startedSchema.parse(JSON.parse(result.stdout));
    expect(isAlive(z.number().parse(pid))).toBe(false);
    expect(await temporaryFolders(script.child.pid)).toEqual([]);
  });

  test("keeps its data and its port between starts in the same folder, and its data on another port too", async () => {
    const first = await start({ dataDir });
    await withClient(first.uri, (client) => client.db("kept").collection("rows").insertOne({ name: "kept" }));
    await stop(first.script);

    const second = await start({ dataDir });
    expect(second.uri).toBe(first.uri);
    await stop(second.script);

    const port = portOf(first.uri) === 27_999 ? 27_998 : 27_999;
    const third = await start({ dataDir, port });
    expect(portOf(third.uri)).toBe(port);
    expect(
      await withClient(third.uri, (client) => client.db("kept").collection("rows").countDocuments()),
    ).toBe(1);
  }, 60_000);

  test("ends within seconds after its starter was killed, and the folder can be used again at once", async () => {
    const first = await start({ dataDir });
    await withClient(first.uri, (client) =>
      client
        .db("kept")
        .collection("rows")
        .insertOne({ name: "kept" }, { writeConcern: { w: "majority", j: true } }),
    );
    first.script.child.kill("SIGKILL");
    await first.script.ended;
    running.splice(0);

    const second = await start({ dataDir });
    expect(await goneWithin(first.pid, 2_000)).toBe(true);
    expect(
      await withClient(second.uri, (client) => client.db("kept").collection("rows").countDocuments()),
    ).toBe(1);
  }, 60_000);

  test("of a killed starter removes the temporary folder at the next start", async () => {
    const first = await start({});
    first.script.child.kill("SIGKILL");
    await first.script.ended;
    running.splice(0);
    expect(await temporaryFolders(first.script.child.pid)).toHaveLength(1);
    expect(await goneWithin(first.pid, 8_000)).toBe(true);

    await runScriptFile(CHILD, ["{}", "once"], noServerGiven);
    expect(await temporaryFolders(first.script.child.pid)).toEqual([]);
  }, 60_000);

  test("with three members elects another primary when the first steps down", async () => {
    const { uri } = await start({ members: 3 });
    await withClient(`${uri}&retryWrites=true`, async (client) => {
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
});

describe("what is said when it cannot start", () => {
  test("a taken port is one sentence with a non-zero code, and nothing is left running", async () => {
    const taken = await new Promise<Server>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
    });
    try {
      const address = taken.address();
      const port = typeof address === "object" ? address?.port : undefined;
      const result = await runScriptFile(CHILD, [JSON.stringify({ port }), "once"], noServerGiven);
      expect(result.code).toBe(1);
      expect(result.stderr.trim()).toBe(
        `MongoSetupError: Port ${port} for mongod is taken by another program. Stop that one, or choose another port.`,
      );
    } finally {
      await promisify(taken.close.bind(taken))();
    }
  });

  test("a data folder in use is one sentence that names the process", async () => {
    const { pid } = await start({ dataDir });
    const result = await runScriptFile(CHILD, [JSON.stringify({ dataDir }), "once"], noServerGiven);
    expect(result.code).toBe(1);
    expect(result.stderr.trim()).toBe(
      `MongoSetupError: The data folder ${dataDir} is in use by a running mongod (process ${pid}). Stop what started it, or start in another folder.`,
    );
    expect(isAlive(pid)).toBe(true);
  });

  test("a mongod that ends at once is one sentence with its own reason", async () => {
    await mkdir(join(dataDir, "0"));
    await writeFile(join(dataDir, "0", "storage.bson"), "not what it was");
    const result = await runScriptFile(CHILD, [JSON.stringify({ dataDir }), "once"], noServerGiven);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /^MongoSetupError: mongod \d.* did not start in .*ecod-data-.*: .+\. If the data there is broken/,
    );
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
  }, 60_000);
});

describe("a server that is given by MONGODB_URI", () => {
  const given = (uri: string) =>
    runScriptFile(CHILD, ["{}", "once"], processEnvironment({ MONGODB_URI: uri }));

  test("is used as it is and left running", async () => {
    const result = await given(central.uri);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ source: "uri", uri: central.uri });
    expect(result.stderr).toMatch(/^MongoDB \S+ at 127\.0\.0\.1:\d+, as MONGODB_URI says\./);
    await withClient(central.uri, (client) => client.db("admin").command({ ping: 1 }));
  });

  test("and does not answer is one sentence after 5 s, without the password", async () => {
    const result = await given("mongodb://somebody:secret-word@127.0.0.1:9/?replicaSet=rs0");
    expect(result.code).toBe(1);
    expect(result.seconds).toBeLessThan(12);
    expect(result.stderr.trim()).toBe(
      "MongoSetupError: MONGODB_URI is set, but the server at 127.0.0.1:9 cannot be used (no answer within 5 s). Start it, correct the address, or unset MONGODB_URI to have a server started for you.",
    );
  });

  test("and is no MongoDB address is one sentence", async () => {
    const result = await given("postgres://127.0.0.1/");
    expect(result.code).toBe(1);
    expect(result.stderr.trim()).toBe(
      "EnvironmentError: The environment is not usable:\n  MONGODB_URI must start with mongodb:// or mongodb+srv://",
    );
  });

  test("and is a standalone server is one sentence that says what it lacks", async () => {
    const mongod = await resolveMongod(() => {});
    const alone = await MongoMemoryServer.create({
      binary: { systemBinary: mongod.binary, version: mongod.version },
      instance: { storageEngine: "wiredTiger" },
    });
    try {
      const result = await given(alone.getUri());
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(
        /MONGODB_URI leads to a standalone server \(127\.0\.0\.1:\d+\), which has no transactions/,
      );
    } finally {
      await alone.stop();
    }
  });
});
