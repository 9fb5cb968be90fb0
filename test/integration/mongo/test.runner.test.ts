import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mongo } from "mongoose";
import { processEnvironment } from "../../../src/lib/env/env";
import { central } from "../../setup/central";
import { runScriptFile, type ScriptResult } from "../../setup/run.script";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ecod-runner-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the test command on one file of this text, on the run's mongod. */
async function runFile(text: string, ...args: string[]): Promise<ScriptResult & { lastLine: string }> {
  await writeFile(join(folder, "one.test.ts"), text);
  const variables = processEnvironment({ MONGODB_URI: central.uri });
  const result = await runScriptFile("test/setup/run.ts", [...args, "--roots", folder], variables);
  return { ...result, lastLine: result.stdout.trimEnd().split("\n").at(-1) ?? "" };
}

async function databasesBegun(prefix: string): Promise<string[]> {
  const client = await mongo.MongoClient.connect(central.uri);
  try {
    const { databases } = await client.db("admin").admin().listDatabases({ nameOnly: true });
    return databases.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  } finally {
    await client.close();
  }
}

/** A file that writes to its central and a tenant's database, says its name, and then passes or fails. */
const fileThatWrites = (passes: boolean): string => `
  import { mongo } from "${process.cwd()}/node_modules/mongoose";
  import { central } from "${process.cwd()}/test/setup/central";
  test("writes", async () => {
    const client = await mongo.MongoClient.connect(central.uri);
    await client.db(central.database).collection("rows").insertOne({});
    await client.db(central.tenantDatabase("acme")).collection("rows").insertOne({});
    await client.close();
    process.stdout.write("wrote to " + central.database + "\\n");
    expect(${passes}).toBe(true);
  });`;

const nameIn = (stdout: string): string => /wrote to (test_\w+)/.exec(stdout)?.[1] ?? "no name printed";

describe("npm test", () => {
  test("ends with the counts and code 0 when everything passed, and prints each suite's seconds", async () => {
    const result = await runFile(`test("one", () => {}); test("two", () => {});`);
    expect(result.lastLine).toBe("2 passed, 0 failed");
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/\d\.\d s {2}1 files/);
  });

  test("counts a failed test and ends with a non-zero code", async () => {
    const result = await runFile(`test("one", () => {}); test("two", () => { expect(1).toBe(2); });`);
    expect(result.lastLine).toBe("1 passed, 1 failed");
    expect(result.code).toBe(1);
  });

  test("counts a file that cannot be loaded as a failure", async () => {
    const result = await runFile(`import "./not.there"; test("one", () => {});`);
    expect(result.lastLine).toBe("0 passed, 1 failed");
    expect(result.code).toBe(1);
  });

  test("counts skipped tests as a failure", async () => {
    const result = await runFile(`test("one", () => {}); test.skip("two", () => {});`);
    expect(result.lastLine).toBe("1 passed, 1 failed");
    expect(result.stdout).toContain("FAILED: 1 tests were skipped; every test has to run");
    expect(result.code).toBe(1);
  });

  test("fails when no test matches, instead of passing with nothing", async () => {
    const result = await runFile(`test("one", () => {});`, "no/such/path");
    expect(result.lastLine).toBe("0 passed, 1 failed");
    expect(result.stderr).toContain("No tests found");
    expect(result.code).toBe(1);
  });

  test("fails a file that leaves a listening server open, naming what it left", async () => {
    const result = await runFile(
      `test("one", () => { require("node:http").createServer().listen(0, "127.0.0.1"); });`,
    );
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("leaves open: 1 listening servers");
    expect(result.lastLine).toMatch(/^0 passed, [12] failed$/);
  });

  test("does not take a finished fetch for something left open", async () => {
    const result = await runFile(`
      import { createServer } from "node:http";
      const server = createServer((_, response) => response.end("here"));
      beforeAll(() => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve)));
      afterAll(() => new Promise((resolve) => server.close(resolve)));
      test("one", async () => {
        const answer = await fetch("http://127.0.0.1:" + server.address().port);
        expect(await answer.text()).toBe("here");
      });`);
    expect(result.lastLine).toBe("1 passed, 0 failed");
  });

  test("drops a file's databases, its tenants' too, once it passed", async () => {
    const result = await runFile(fileThatWrites(true));
    expect(result.lastLine).toBe("1 passed, 0 failed");
    expect(await databasesBegun(nameIn(result.stdout))).toEqual([]);
  });

  test("keeps a file's databases when it failed, and names them", async () => {
    const result = await runFile(fileThatWrites(false));
    const name = nameIn(result.stdout);
    expect(result.lastLine).toBe("0 passed, 1 failed");
    expect(await databasesBegun(name)).toEqual([name, `${name}_t_acme`]);
    expect(result.stdout).toContain(`${name}, ${name}_t_acme`);
    const client = await mongo.MongoClient.connect(central.uri);
    for (const kept of await databasesBegun(name)) await client.db(kept).dropDatabase();
    await client.close();
  });

  test("is red with the remedy in its message when there is no database", async () => {
    await writeFile(join(folder, "one.test.ts"), `test("one", () => {});`);
    const result = await runScriptFile("test/setup/run.ts", ["--roots", folder], {
      PATH: folder,
      HOME: folder,
      ECOD_CACHE_DIR: join(folder, "cache"),
      MONGOMS_DOWNLOAD_MIRROR: "http://127.0.0.1:9",
    });
    expect(result.code).toBe(1);
    expect(result.stdout.trimEnd().split("\n").at(-1)).toBe("0 passed, 1 failed");
    expect(result.stderr).toContain("There is no MongoDB to use.");
    expect(await readdir(join(folder, "cache", "mongod")).catch(() => [])).toEqual([]);
  });
});
