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

/** Runs the test command on files of these texts, on the run's mongod. */
async function runFiles(texts: string[], ...args: string[]): Promise<ScriptResult & { lastLine: string }> {
  for (const [index, text] of texts.entries()) await writeFile(join(folder, `file.${index}.test.ts`), text);
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
    process.stdout.write("${passes ? "passing" : "failing"} file wrote to " + central.database + "\\n");
    expect(${passes}).toBe(true);
  });`;

const nameIn = (stdout: string, which: string): string =>
  new RegExp(`${which} file wrote to (test_\\w+)`).exec(stdout)?.[1] ?? "no name printed";

/** Closes by itself some time after the file's end, so that this run does not have to be killed. */
const fileThatLeaks = `
  test("leaks", () => {
    const server = require("node:http").createServer().listen(0, "127.0.0.1");
    setTimeout(() => server.close(), 4_000);
  });`;

const fileThatFetches = `
  import { createServer } from "node:http";
  const server = createServer((_, response) => response.end("here"));
  beforeAll(() => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve)));
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  test("fetches", async () => {
    const answer = await fetch("http://127.0.0.1:" + server.address().port);
    expect(await answer.text()).toBe("here");
  });`;

describe("npm test", () => {
  test("ends with the counts and code 0 when everything passed, and prints each suite's seconds", async () => {
    const result = await runFiles([`test("one", () => {}); test("two", () => {});`]);
    expect(result.lastLine).toBe("2 passed, 0 failed");
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/\d\.\d s {2}1 files/);
  });

  test("counts failed tests, files that cannot be loaded and skipped tests as failures", async () => {
    const result = await runFiles([
      `test("one", () => {}); test("two", () => { expect(1).toBe(2); });`,
      `import "./not.there"; test("three", () => {});`,
      `test("four", () => {}); test.skip("five", () => {});`,
    ]);
    expect(result.lastLine).toBe("2 passed, 3 failed");
    expect(result.stdout).toContain("FAILED: 1 tests were skipped; every test has to run");
    expect(result.code).toBe(1);
  });

  test("fails when no test matches, instead of passing with nothing", async () => {
    const result = await runFiles([`test("one", () => {});`], "no/such/path");
    expect(result.lastLine).toBe("0 passed, 1 failed");
    expect(result.stderr).toContain("No tests found");
    expect(result.code).toBe(1);
  });

  test("fails a file that leaves a server open, naming it, but not one whose fetches are finished", async () => {
    const result = await runFiles([fileThatLeaks, fileThatFetches]);
    expect(result.lastLine).toBe("1 passed, 1 failed");
    expect(result.stderr).toContain("file.0.test.ts leaves open: 1 listening servers");
    expect(result.stderr).not.toContain("file.1.test.ts leaves open");
    expect(result.code).toBe(1);
  });

  test("drops a file's databases, its tenants' too, and keeps and names those of a file that failed", async () => {
    const result = await runFiles([fileThatWrites(true), fileThatWrites(false)]);
    expect(result.lastLine).toBe("1 passed, 1 failed");
    expect(await databasesBegun(nameIn(result.stdout, "passing"))).toEqual([]);
    const kept = nameIn(result.stdout, "failing");
    expect(await databasesBegun(kept)).toEqual([kept, `${kept}_t_acme`]);
    expect(result.stdout).toContain(`${kept}, ${kept}_t_acme`);
    const client = await mongo.MongoClient.connect(central.uri);
    for (const name of await databasesBegun(kept)) await client.db(name).dropDatabase();
    await client.close();
  });

  test("is red with the remedy in its message when there is no database", async () => {
    await writeFile(join(folder, "one.test.ts"), `test("one", () => {});`);
    const result = await runScriptFile("test/setup/run.ts", ["--roots", folder], {
      PATH: folder,
      HOME: folder,
      ECOD_CACHE_DIR: join(folder, "cache"),
      MONGOMS_DOWNLOAD_MIRROR: "http://127.0.0.1:2",
    });
    expect(result.code).toBe(1);
    expect(result.stdout.trimEnd().split("\n").at(-1)).toBe("0 passed, 1 failed");
    expect(result.stderr).toContain("There is no MongoDB to use.");
    expect(await readdir(join(folder, "cache", "mongod"))).toEqual([]);
  });
});
