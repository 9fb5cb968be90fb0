/**
 * The whole local stack once, as `npm run dev` starts it, but with every function in worker threads of its own: what
 * they share is only what is stored.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { mongo } from "mongoose";
import * as z from "zod";
import { type Api, apiOf, type Controls, controlsOf } from "../../dev/demo/clients";
import { runMainJob } from "../../dev/demo/main.job";
import { eventually, type Transcript } from "../../dev/demo/transcript";
import { readStack, type Stack, type StackTenant } from "../../dev/stack/stack.file";
import { pageSchema } from "../../src/contracts/common.contract";
import { leadSchema } from "../../src/contracts/lead.contract";
import { processEnvironment } from "../../src/lib/env/env";
import { docBlocks } from "../setup/doc.blocks";
import { runningWith } from "../setup/left.running";
import { type RunningScript, startScript } from "../setup/run.script";

jest.setTimeout(300_000);
const run = promisify(execFile);

let root: string;
let folder: string;
let script: RunningScript;
let stack: Stack;
let world: Controls;
let api: Api;
let tenant: StackTenant;
let client: mongo.MongoClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ecod-e2e-"));
  folder = join(root, ".ecod");
  await mkdir(folder);
  script = startScript(
    "test/e2e/stack.child.ts",
    [folder],
    processEnvironment({ MONGODB_URI: "", ECOD_CENTRAL_DB: "services" }),
  );
  await script.firstLine;
  stack = await readStack(folder);
  const [first] = stack.tenants;
  if (!first) throw new Error("The stack has no tenant.");
  tenant = first;
  world = controlsOf(stack);
  api = apiOf(stack, tenant);
  client = await mongo.MongoClient.connect(stack.mongoUri);
});

afterAll(async () => {
  await client?.close();
  script?.child.kill("SIGTERM");
  await script?.ended;
  await rm(root, { recursive: true, force: true });
});

/** A transcript that keeps quiet but counts. */
function silent(): Transcript & { verified: number } {
  return {
    verified: 0,
    chapter: () => undefined,
    note: () => undefined,
    async step(title, work) {
      try {
        await work();
      } catch (error) {
        throw new Error(`"${title}" failed: ${error instanceof Error ? error.message : "unknown"}`, {
          cause: error,
        });
      }
      this.verified += 1;
    },
  };
}

const inbound = (from: string) =>
  world.inbound({
    phoneNumberId: tenant.phoneNumberId,
    from,
    name: "Rui Costa",
    type: "text",
    text: "Hello",
  });

test("stack.json tells where everything is, is readable by its owner only, and names a living process", async () => {
  expect((await stat(join(folder, "stack.json"))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "keys.json"))).mode & 0o777).toBe(0o600);
  expect(stack.pid).toBe(script.child.pid);
  expect(stack.tenants).toHaveLength(2);
  for (const url of [stack.apiUrl, stack.graphUrl]) expect(new URL(url).hostname).toBe("127.0.0.1");
});

test("enqueueing nudges the poller: a job starts within two seconds, long before the schedule's minute", async () => {
  const jobs = client.db("services").collection<{ type: string; createdAt: Date; startedAt?: Date }>("jobs");
  for (const from of ["351910000001", "351910000002", "351910000003", "351910000004"]) {
    await inbound(from);
    await eventually("a lead of the new customer", async () => {
      const page = await api.get(`/leads?phone=${encodeURIComponent(`+${from}`)}`, pageSchema(leadSchema));
      return page.data[0];
    });
  }
  const taken = await jobs.find({ type: "whatsapp.inbound" }).sort({ createdAt: 1 }).toArray();
  const waits = taken.map(({ createdAt, startedAt }) => Number(startedAt) - createdAt.getTime());
  expect(waits).toHaveLength(4);
  // The first one starts the poller cold. Of the others the middle: a schedule that happens to fire cannot make it
  // good, nor one hiccup of the machine bad.
  expect(waits.slice(1).sort((a, b) => a - b)[1]).toBeLessThan(2_000);
});

test("the main job holds from the first message to the reminder when functions share nothing in memory", async () => {
  const transcript = silent();
  await runMainJob(stack, folder, transcript);
  expect(transcript.verified).toBeGreaterThan(20);
});

test.each(["README.md", "docs/api.md"])("every command of %s works as printed, and again", async (page) => {
  // Only what talks to the running stack: the README's other blocks start things.
  const blocks = (await docBlocks(page, "sh")).filter((block) => /\$API|\$GRAPH|stack\.json/.test(block));
  expect(blocks.length).toBeGreaterThan(0);
  const commands = join(root, "tour.sh");
  await writeFile(commands, `set -euo pipefail\n${blocks.join("\n")}`);
  // Twice on the same data: nobody's second walk may stumble over what is left of the first.
  for (const _walk of [1, 2]) {
    const { stdout } = await run("bash", [commands], { cwd: root, env: processEnvironment({}) });
    expect(stdout).toContain('"kind":"template"');
  }
});

test("a webhook that Meta did not sign is refused and stores nothing", async () => {
  const events = client.db(`services_t_${tenant.clientCode}`).collection("webhookEvents");
  const before = await events.countDocuments();
  const body = { object: "whatsapp_business_account", entry: [{ id: tenant.wabaId, changes: [] }] };
  const answer = await world.sim(
    "/deliver",
    { body, signature: `sha256=${"0".repeat(64)}` },
    z.object({ status: z.number() }),
  );
  expect(answer.status).toBe(401);
  expect(await events.countDocuments()).toBe(before);
});

test("the clock goes forward only, for every function alike", async () => {
  const before = new Date((await world.now()).now);
  const after = new Date((await world.advance("PT24H")).now);
  expect(after.getTime() - before.getTime()).toBeGreaterThanOrEqual(24 * 3_600_000);
  const back = await fetch(`${stack.apiUrl}/local/clock`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ set: before.toISOString() }),
  });
  expect(back.status).toBe(400);
  await world.drain();
  const lead = await api.post("/leads", { firstName: "Late" }, leadSchema);
  expect(new Date(lead.createdAt).getTime()).toBeGreaterThanOrEqual(after.getTime());
});

test("when it stops, stack.json is gone and nothing of it is left running", async () => {
  await client.close();
  const ports = [stack.apiUrl, stack.graphUrl, stack.mongoUri.replace("mongodb:", "http:")].map(
    (url) => new URL(url).port,
  );
  const traces = [folder, `--httpPort ${ports[0]}`];
  expect((await runningWith(...traces)).length).toBeGreaterThanOrEqual(3);
  script.child.kill("SIGTERM");
  expect(await script.ended).toMatchObject({ code: 0 });
  await expect(readFile(join(folder, "stack.json"))).rejects.toMatchObject({ code: "ENOENT" });
  await eventually(
    "the end of every process",
    async () => ((await runningWith(...traces)).length === 0 ? true : undefined),
    5_000,
  );
  for (const port of ports) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow("fetch failed");
});
