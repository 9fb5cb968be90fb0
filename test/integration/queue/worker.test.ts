import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { poll } from "../../../src/jobs/poll";
import { enqueue } from "../../../src/jobs/queue/enqueue";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { processEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { onlyAutomationRun } from "./queue.handlers";

const healthPort = 41_000 + (process.pid % 10_000);
const runId = "66f0c0ffee66f0c0ffee66f0";

/** Starts `src/jobs/crmWorker.ts` as `npm run worker` does. */
function startWorker(args: readonly string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "src/jobs/crmWorker.ts", ...args], {
    env: processEnvironment({ LOG_LEVEL: "INFO" }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return { child, ended, output: () => output };
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`It did not come to this in 20 s: ${what}`);
    await sleep(20);
  }
}

describe("the long-lived worker", () => {
  beforeAll(async () => {
    await createTenant("acme");
  });
  afterAll(closeAllConnections);

  test("does jobs of its queues, tells its health, and on SIGTERM ends with nothing held", async () => {
    const worker = startWorker([
      "--queues",
      "crm",
      "--concurrency",
      "4",
      "--health-port",
      String(healthPort),
    ]);
    try {
      await until("it takes jobs", () => worker.output().includes("The worker takes jobs."));
      const { jobId } = await enqueue({
        type: "tenant.sweep",
        payload: { clientCode: "acme" },
        requestId: "test",
      });
      const jobs = await jobsCollection();
      await until("the sweep is done", async () => {
        const row = await jobs.findOne({ requestId: "test", type: "tenant.sweep" });
        return row?._id.toHexString() === jobId && row.state === "done";
      });
      const health = await fetch(`http://127.0.0.1:${healthPort}/healthz`);
      expect(health.status).toBe(200);
      expect(await health.json()).toMatchObject({ status: "ok" });
      worker.child.kill("SIGTERM");
      expect(await worker.ended).toBe(0);
      expect(worker.output()).toContain("holds nothing");
      expect(await jobs.countDocuments({ state: "running" })).toBe(0);
    } finally {
      worker.child.kill("SIGKILL");
      await worker.ended;
    }
  });

  test.each([
    [["--queues", "crm,post"], "--queues is made of: crm, media"],
    [["--concurrency", "many"], "--concurrency"],
    [["--fast"], "--help lists the options"],
  ])("refuses %j in a sentence and exits with 1", async (args, sentence) => {
    const worker = startWorker(args);
    expect(await worker.ended).toBe(1);
    expect(worker.output()).toContain(sentence);
    expect(worker.output()).not.toContain("    at ");
  });

  test("a poller waits for a job that is due in a moment, instead of leaving it to the next minute", async () => {
    await (await jobsCollection()).deleteMany({});
    const later = {
      type: "automation.run" as const,
      payload: { clientCode: "acme", runId },
      requestId: "test",
    };
    await enqueue({ ...later, delayMs: 2_000 });
    const began = Date.now();
    const report = await poll(
      {},
      {
        queue: "crm",
        concurrency: 4,
        dispatch: async () => undefined,
        deadline: () => 60_000 - (Date.now() - began),
        reserveMs: 1_000,
        handlers: onlyAutomationRun(async () => undefined),
      },
    );
    expect(report).toMatchObject({ ran: 1, idle: true });
  });
});
