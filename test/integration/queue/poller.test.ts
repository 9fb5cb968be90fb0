import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import { cronCatalog } from "../../../src/jobs/cron.catalog";
import { drain } from "../../../src/jobs/drain";
import { poll } from "../../../src/jobs/poll";
import { fireDue } from "../../../src/jobs/queue/cron";
import { enqueue, enqueueMany } from "../../../src/jobs/queue/enqueue";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { leaveShard, shardOf, takeShard } from "../../../src/jobs/queue/shard";
import { sweepMarkedTenants } from "../../../src/jobs/sweep.marked.tenants";
import { moveClock } from "../../../src/lib/clock/clock";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { adoptEnvironment } from "../../../src/lib/env/env";
import { markTenantActive } from "../../../src/lib/tenant/mark.active";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { pauseJobs, resumeJobs } from "../../../src/services/clients/queue.steering.service";
import { createTenant, platformContext } from "../../builders/client.builder";
import { onlyAutomationRun } from "./queue.handlers";

/** Stands in for the invoke API of Lambda, which the nudge calls over HTTP. */
const invokes: { url: string; type: unknown; body: unknown }[] = [];
const lambda = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on("end", () => {
    invokes.push({
      url: request.url ?? "",
      type: request.headers["x-amz-invocation-type"],
      body: JSON.parse(body),
    });
    response.writeHead(202).end();
  });
});
const port = 20_000 + (process.pid % 20_000);
adoptEnvironment({
  LAMBDA_ENDPOINT: `http://127.0.0.1:${port}`,
  POLLER_FUNCTION_NAME: "ecod-test-poller",
  POLLER_SHARDS: "2",
});

const dispatch = async () => undefined;
const run = (clientCode: string, over: object = {}) => ({
  type: "automation.run" as const,
  payload: { clientCode, runId: new Types.ObjectId().toHexString() },
  requestId: "test",
  ...over,
});
const countOf = async (filter: object) => (await jobsCollection()).countDocuments(filter);

/** A run with a handler of the test; a poll in earnest loads the project's. */
const pollWith = (event: unknown, work: () => Promise<void>, lifeMs = 60_000) => {
  const began = performance.now();
  return poll(event, {
    queue: "crm",
    concurrency: 8,
    dispatch,
    deadline: () => lifeMs - (performance.now() - began),
    reserveMs: 10_000,
    handlers: onlyAutomationRun(work),
  });
};

describe("the poller", () => {
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      lambda.listen(port, "127.0.0.1", resolve);
    });
    for (const code of ["acme", "other", "third", "fourth"]) await createTenant(code);
  });
  beforeEach(async () => {
    invokes.length = 0;
    const jobs = await jobsCollection();
    await jobs.deleteMany({});
    await jobs.db.collection("platformMarks").deleteMany({});
    // What one process remembers of its last nudge.
    await sleep(1_050);
  });
  afterAll(async () => {
    await new Promise((resolve) => {
      lambda.close(resolve);
    });
    await closeAllConnections();
  });

  test("a burst of immediate jobs of one tenant nudges its poller once, a delayed job does not", async () => {
    await enqueue(run("acme", { delayMs: 60_000 }));
    expect(invokes).toEqual([]);
    await Promise.all(Array.from({ length: 20 }, () => enqueue(run("acme"))));
    expect(invokes).toEqual([
      {
        url: "/2015-03-31/functions/ecod-test-poller/invocations",
        type: "Event",
        body: { shard: shardOf("acme") },
      },
    ]);
  });

  test("nobody is nudged for a shard that is served, nor for work that this process drains itself", async () => {
    const shard = shardOf("acme");
    expect(await takeShard("crm", shard, "somebody")).toBe(true);
    await enqueue(run("acme"));
    await leaveShard("crm", shard, "somebody");
    let seen = 0;
    const handlers = onlyAutomationRun(async (_ctx, payload) => {
      seen += 1;
      if (seen === 1) await enqueue(run(payload.clientCode));
    });
    await drain({ queues: ["crm"], concurrency: 2, dispatch, handlers, untilIdleMs: 0 });
    expect(seen).toBe(2);
    expect(invokes).toEqual([]);
  });

  test("resuming a tenant nudges the poller for what waited", async () => {
    await pauseJobs(platformContext(), { clientCode: "acme" });
    await enqueue(run("acme"));
    await sleep(1_050);
    invokes.length = 0;
    await resumeJobs(platformContext(), { clientCode: "acme" });
    expect(invokes.map(({ body }) => body)).toEqual([{ shard: shardOf("acme") }]);
  });

  test("an enqueue succeeds when the nudge is refused or nobody listens", async () => {
    await new Promise((resolve) => {
      lambda.close(resolve);
    });
    try {
      const began = performance.now();
      expect((await enqueue(run("acme"))).created).toBe(true);
      expect(performance.now() - began).toBeLessThan(1_500);
    } finally {
      await new Promise<void>((resolve) => {
        lambda.listen(port, "127.0.0.1", resolve);
      });
    }
  });

  test("of five runs at once on two shards, three exit at once and the work of all tenants is done", async () => {
    await enqueueMany(
      ["acme", "other", "third", "fourth"].flatMap((code) => Array.from({ length: 5 }, () => run(code))),
    );
    const reports = await Promise.all(Array.from({ length: 5 }, () => pollWith({}, () => sleep(20))));
    expect(reports.filter(({ shard }) => shard === undefined)).toHaveLength(3);
    expect(reports.reduce((sum, { ran }) => sum + ran, 0)).toBe(20);
    expect(await countOf({ state: "done" })).toBe(20);
  });

  test("a run that must end holds nothing, starts its successor, and that goes on", async () => {
    await enqueueMany(Array.from({ length: 400 }, () => run("acme")));
    const shard = shardOf("acme");
    const began = performance.now();
    invokes.length = 0;
    const report = await pollWith({ shard, depth: 3 }, () => sleep(100), 12_000);
    expect(performance.now() - began).toBeLessThan(12_000);
    expect(report).toMatchObject({ shard, idle: false });
    expect(await countOf({ state: "running" })).toBe(0);
    expect(await countOf({ state: "waiting" })).toBe(400 - report.ran);
    expect(invokes.map(({ body }) => body)).toEqual([{ shard, depth: 4 }]);
    invokes.length = 0;
    await pollWith({ shard, depth: 20 }, () => sleep(100), 12_000);
    expect(invokes).toEqual([]);
  });

  test("tenants that were written to are swept once per mark, and all of them once a day", async () => {
    await markTenantActive((await createTenant("marked")).clientCode);
    expect(await sweepMarkedTenants()).toBe(0);
    await moveClock({ byMs: 120_000 });
    expect(await sweepMarkedTenants()).toBe(1);
    expect(await countOf({ type: "tenant.sweep", clientCode: "marked", key: "sweep" })).toBe(1);
    const all = await fireDue(cronCatalog);
    expect(all).toBeGreaterThanOrEqual(4);
    expect(await fireDue(cronCatalog)).toBe(0);
    expect(await countOf({ type: "tenant.sweep" })).toBe(all + 1);
    await moveClock({ byMs: 24 * 3_600_000 });
    expect(await fireDue(cronCatalog)).toBe(0);
    await (await jobsCollection()).deleteMany({});
    await moveClock({ byMs: 24 * 3_600_000 });
    expect(await fireDue(cronCatalog)).toBe(all + 1);
  });

  test("a tenant is swept when all that was written under its mark is old enough to be swept", async () => {
    const { TenantActivity } = await getCentralModels();
    const { clientCode } = await createTenant("settling");
    const mark = (agoMs: number) => ({
      _id: `${clientCode}:${agoMs}`,
      clientCode,
      minute: new Date(Date.now() - agoMs),
      sweptAt: null,
      expireAt: new Date(Date.now() + 3_600_000),
    });
    await TenantActivity.insertMany([mark(100_000), mark(300_000)]);
    await sweepMarkedTenants();
    expect(await countOf({ type: "tenant.sweep", clientCode })).toBe(1);
    const left = await TenantActivity.find({ clientCode, sweptAt: null }).lean();
    expect(left.map(({ _id }) => _id)).toEqual([`${clientCode}:100000`]);
  });
});
