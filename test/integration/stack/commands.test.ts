/** What the commands say when they cannot start: one sentence, a code that is not 0, and nothing left running. */
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandOutcome, runCommand } from "../../setup/command.process";
import { runningWith } from "../../setup/left.running";

jest.setTimeout(60_000);

const dev = "dev/dev.ts";
const worker = "src/jobs/crmWorker.ts";
const tenants = "src/cli/tenants.ts";
/** Nobody listens there. */
const silent = "mongodb://127.0.0.1:2/?replicaSet=rs0";
const usable = {
  ECOD_STAGE: "local",
  MONGODB_URI: silent,
  ECOD_MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
};

let folder: string;
let taken: Server;
let takenPort: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ecod-commands-"));
  taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  takenPort = typeof address === "object" && address ? String(address.port) : "";
});
afterAll(async () => {
  taken.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (file: string, args: readonly string[], settings: Record<string, string>) =>
  runCommand(file, args, { cwd: folder, settings });

function expectRefusal({ code, stderr }: CommandOutcome, sentence: RegExp): void {
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(code).toBeGreaterThan(0);
}

describe.each([
  { command: "worker", file: worker, args: [] },
  { command: "tenants", file: tenants, args: ["list"] },
])("npm run $command", ({ file, args }) => {
  test("names every setting that is missing or malformed, with what to do, and never its value", async () => {
    const outcome = await run(file, args, {
      MONGODB_URI: "postgres://secret@host",
      ECOD_MASTER_KEY: "tooshort",
    });
    expectRefusal(outcome, /ECOD_STAGE is not set\. It has no default/);
    expect(outcome.stderr).toMatch(/MONGODB_URI must start with mongodb:\/\//);
    expect(outcome.stderr).toMatch(
      /ECOD_MASTER_KEY must be 32 bytes in base64, as `openssl rand -base64 32` makes/,
    );
    expect(outcome.stderr).not.toMatch(/secret|tooshort/);
  });

  test("says that the central database does not answer, and which setting to look at", async () => {
    expectRefusal(await run(file, args, usable), /central database does not answer.*MONGODB_URI/);
  });

  test("refuses stage local on AWS Lambda", async () => {
    const outcome = await run(file, args, { ...usable, AWS_LAMBDA_FUNCTION_NAME: "ecod-prod-leads" });
    expectRefusal(outcome, /ECOD_STAGE is local, but this is AWS Lambda/);
  });
});

describe("npm run dev", () => {
  test("refuses a port that is taken, before it starts anything", async () => {
    expectRefusal(
      await run(dev, ["--port", takenPort], {}),
      new RegExp(`^Port ${takenPort} is taken\\. Stop what listens`),
    );
  });

  test("refuses options it does not know", async () => {
    expectRefusal(await run(dev, ["--prot", "3001"], {}), /Unknown option '--prot'/);
    expectRefusal(await run(dev, ["--port", "many"], {}), /--port takes a number from 1 to 65535/);
    expectRefusal(await run(dev, ["--host", "lambda"], {}), /--host takes serverless or express/);
  });

  test("says which mongod cannot be used and what to do", async () => {
    expectRefusal(
      await run(dev, [], { MONGOD_BINARY: "/nowhere/mongod" }),
      /^MONGOD_BINARY cannot be used: .*does not exist/,
    );
    expectRefusal(
      await run(dev, [], { MONGODB_URI: silent }),
      /^MONGODB_URI is set, but the server at 127\.0\.0\.1:2 cannot be used/,
    );
  });

  test("stops what it had started when a later part does not come up, and leaves no stack.json", async () => {
    // Here there is no serverless framework: MongoDB, the fake Meta and the tenants are there by then.
    expectRefusal(
      await run(dev, [], {}),
      /^The functions did not start: serverless-offline ended .* Read .*host\.log/,
    );
    expect(await readdir(join(folder, ".ecod"))).not.toContain("stack.json");
    expect(await runningWith(folder)).toEqual([]);
  });

  test("does not start a second stack in a folder where one runs, and leaves that one alone", async () => {
    const stack = {
      pid: process.pid,
      apiUrl: "http://127.0.0.1:3000",
      graphUrl: "http://127.0.0.1:4010",
      mongoUri: "mongodb://127.0.0.1:27017",
      mongoSource: "path",
      adminKey: "key",
      meta: { appSecret: "secret", verifyToken: "token" },
      tenants: [
        { clientCode: "demo", apiKey: "key", phoneNumberId: "1", wabaId: "2", displayPhoneNumber: "+3" },
      ],
    };
    const file = join(folder, ".ecod", "stack.json");
    await mkdir(join(folder, ".ecod"), { recursive: true });
    await writeFile(file, JSON.stringify(stack));
    expectRefusal(
      await run(dev, [], {}),
      /^A stack already runs in this folder, at http:\/\/127\.0\.0\.1:3000/,
    );
    expect(await readdir(join(folder, ".ecod"))).toContain("stack.json");
    await rm(file);
  });
});
