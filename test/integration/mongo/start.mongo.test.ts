import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MongoMemoryServer } from "mongodb-memory-server-core";
import { isAlive } from "../../../dev/mongo/process.alive";
import { resolveMongod } from "../../../dev/mongo/resolve.mongod";
import { temporaryRoot } from "../../../dev/mongo/temporary.root";
import { central } from "../../setup/central";
import { endMongos, goneWithin, holdMongo, startedIn, stopMongo, tryMongo, withClient } from "./held.mongo";

let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "ecod-data-"));
});
afterEach(async () => {
  await endMongos();
  await rm(dataDir, { recursive: true, force: true });
});

const portOf = (uri: string): number => Number(/:(\d+)\//.exec(uri)?.[1]);

async function temporaryFolders(pid: number | undefined): Promise<string[]> {
  return (await readdir(await temporaryRoot())).filter((name) => name.startsWith(`ecod-mongo-${pid}-`));
}

function insertRow(uri: string): Promise<unknown> {
  const options = { writeConcern: { w: "majority", j: true } } as const;
  return withClient(uri, (client) =>
    client.db("kept").collection("rows").insertOne({ name: "kept" }, options),
  );
}

function countRows(uri: string): Promise<number> {
  return withClient(uri, (client) => client.db("kept").collection("rows").countDocuments());
}

describe("a server that is started", () => {
  test("says in one line which mongod was taken and how to choose another", async () => {
    const result = await tryMongo({});
    expect(result.code).toBe(0);
    expect(result.stderr.trim().split("\n").at(-1)).toMatch(
      /^MongoDB \d+\.\d+\.\d+ \(.+, .+\) on port \d+, throw-away data\. Choose another with MONGODB_URI or MONGOD_BINARY\.$/,
    );
  });

  test("leaves no process and no folder behind, even the folder of one whose starter was killed", async () => {
    const killed = await holdMongo({});
    await stopMongo(killed, "SIGKILL");
    expect(await temporaryFolders(killed.script.child.pid)).toHaveLength(1);
    expect(await goneWithin(killed.pid, 10_000)).toBe(true);

    const result = await tryMongo({});
    expect(isAlive(startedIn(result.stdout).pid ?? 0)).toBe(false);
    expect(await temporaryFolders(result.pid)).toEqual([]);
    expect(await temporaryFolders(killed.script.child.pid)).toEqual([]);
  }, 60_000);

  test("keeps its data and port between starts in a folder, and its data when the port changes or its starter is killed", async () => {
    const first = await holdMongo({ dataDir });
    await insertRow(first.uri);
    await stopMongo(first, "SIGTERM");

    const second = await holdMongo({ dataDir });
    expect(second.uri).toBe(first.uri);
    await insertRow(second.uri);
    await stopMongo(second, "SIGKILL");

    const port = portOf(first.uri) === 27_999 ? 27_998 : 27_999;
    const third = await holdMongo({ dataDir, port });
    expect(portOf(third.uri)).toBe(port);
    expect(await goneWithin(second.pid, 2_000)).toBe(true);
    expect(await countRows(third.uri)).toBe(2);
  }, 60_000);
});

describe("what is said when it cannot start", () => {
  test("a taken port is one sentence with a non-zero code", async () => {
    const taken = await new Promise<Server>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
    });
    try {
      const address = taken.address();
      const port = typeof address === "object" ? address?.port : undefined;
      const result = await tryMongo({ port });
      expect(result.code).toBe(1);
      expect(result.stderr.trim()).toBe(
        `MongoSetupError: Port ${port} for mongod is taken by another program. Stop that one, or choose another port.`,
      );
      expect(await temporaryFolders(result.pid)).toEqual([]);
    } finally {
      await promisify(taken.close.bind(taken))();
    }
  });

  test("a data folder in use is one sentence that names the process, which goes on running", async () => {
    const { pid } = await holdMongo({ dataDir });
    const result = await tryMongo({ dataDir });
    expect(result.code).toBe(1);
    expect(result.stderr.trim()).toBe(
      `MongoSetupError: The data folder ${dataDir} is in use by a running mongod (process ${pid}). Stop what started it, or start in another folder.`,
    );
    expect(isAlive(pid)).toBe(true);
  }, 60_000);
});

describe("a server that is given by MONGODB_URI", () => {
  test("is used as it is and left running", async () => {
    const result = await tryMongo({}, central.uri);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ source: "uri", uri: central.uri });
    expect(result.stderr).toMatch(/^MongoDB \S+ at 127\.0\.0\.1:\d+, as MONGODB_URI says\./);
    await withClient(central.uri, (client) => client.db("admin").command({ ping: 1 }));
  });

  test("and does not answer is one sentence after 5 s, without the password", async () => {
    const result = await tryMongo({}, "mongodb://somebody:secret-word@127.0.0.1:9/?replicaSet=rs0");
    expect(result.code).toBe(1);
    expect(result.seconds).toBeLessThan(60);
    expect(result.stderr.trim()).toBe(
      "MongoSetupError: MONGODB_URI is set, but the server at 127.0.0.1:9 cannot be used (no answer within 5 s). Start it, correct the address, or unset MONGODB_URI to have a server started for you.",
    );
  });

  test("and is no MongoDB address is one sentence", async () => {
    const result = await tryMongo({}, "postgres://127.0.0.1/");
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
      const result = await tryMongo({}, alone.getUri());
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(
        /MONGODB_URI leads to a standalone server \(127\.0\.0\.1:\d+\), which has no transactions/,
      );
    } finally {
      await alone.stop();
    }
  });
});
