import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import { drain } from "../../../src/jobs/drain";
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { enqueueMany } from "../../../src/jobs/queue/enqueue";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { type QueueChild, startQueueChild } from "./queue.child";
import { onlyAutomationRun } from "./queue.handlers";

const dispatch = async () => undefined;
const children: QueueChild[] = [];
const start = (plan: Record<string, unknown>, environment: Record<string, string> = {}) => {
  const child = startQueueChild(plan, environment);
  children.push(child);
  return child;
};

/** Enqueues jobs with a lease short enough for a test. @returns their run ids. */
async function give(count: number, leaseMs = 30_000, over: object = {}): Promise<string[]> {
  const list = Array.from({ length: count }, () => ({
    type: "automation.run" as const,
    payload: { clientCode: "acme", runId: new Types.ObjectId().toHexString() },
    requestId: "test",
    ...over,
  }));
  await enqueueMany(list);
  await (await jobsCollection()).updateMany({}, { $set: { leaseMs } });
  return list.map(({ payload }) => payload.runId);
}

const effects = async () => (await jobsCollection()).db.collection("effects");
const countOf = async (filter: object) => (await jobsCollection()).countDocuments(filter);

async function until(what: string, isSo: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`It did not come to this in ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}

describe("the queue over several processes", () => {
  beforeAll(async () => {
    await createTenant("acme");
  });
  beforeEach(async () => {
    await (await jobsCollection()).deleteMany({});
    await (await effects()).deleteMany({});
  });
  afterEach(async () => {
    for (const child of children) child.process.kill("SIGKILL");
    await Promise.all(children.map(({ ended }) => ended));
    children.length = 0;
  });
  afterAll(closeAllConnections);

  test("32 claimers in 4 processes win each of 1,000 jobs exactly once, singly and in batches", async () => {
    await give(1_000);
    const claimers = [1, 5, 20, 50].map((batch) => start({ mode: "claim", concurrency: 8, batch }));
    await Promise.all(claimers.map(({ ended }) => ended));
    const won = await (await effects()).find().toArray();
    expect(won).toHaveLength(1_000);
    expect(new Set(won.map(({ job }) => job)).size).toBe(1_000);
    expect(await countOf({ state: "running", attempts: 1 })).toBe(1_000);
  });

  test("when one of two workers is killed, no job is lost or done twice, and its jobs are back when their leases end", async () => {
    const leaseMs = 2_000;
    const plan = { mode: "drain", jobMs: 30, untilIdleMs: 5_000 };
    const victim = start(plan);
    await Promise.all([victim.ready, start(plan).ready]);
    await give(300, leaseMs);
    await until("both are working", async () => {
      const pids = await (await effects()).distinct("pid");
      return pids.length === 2 && (await countOf({ state: "done" })) > 40;
    });
    victim.process.kill("SIGKILL");
    await victim.ended;
    const killedAt = Date.now();
    const orphans = await countOf({ state: "running", workerId: { $regex: `:${victim.process.pid}:` } });
    await until("all are done", async () => (await countOf({ state: "done" })) === 300);
    const took = Date.now() - killedAt;

    expect(orphans).toBeGreaterThan(0);
    const again = await countOf({ attempts: { $gt: 1 } });
    expect(again).toBeLessThanOrEqual(orphans);
    expect(await countOf({ crashes: { $gt: 0 } })).toBe(again);
    // The lease, the reaper's half second and the work; the rest is for a machine that is busy with other tests.
    expect(took).toBeLessThan(leaseMs + 12_000);
  });

  test("a worker that dies right after its claim, or just before it marks the job done, costs one more attempt", async () => {
    for (const point of ["after-claim", "before-complete"]) {
      const [runId] = await give(1, 500);
      const child = start({ mode: "drain" }, { FAILPOINT: point });
      expect(await child.ended).toBe("SIGKILL");
      expect(await countOf({ "payload.runId": runId, state: "running", attempts: 1 })).toBe(1);
      const handlers = onlyAutomationRun(async () => undefined);
      expect(await drainUntilIdle({ dispatch, limitMs: 10_000, handlers })).toEqual({ ran: 1, done: true });
      expect(await countOf({ "payload.runId": runId, state: "done", attempts: 2, crashes: 1 })).toBe(1);
    }
  });

  test("a worker stopped past its lease changes nothing when it goes on: its late completion is fenced", async () => {
    const [runId] = await give(1, 1_500);
    const child = start({ mode: "drain", jobMs: 1_000, untilIdleMs: 0 });
    await until(
      "it has begun",
      async () => (await (await effects()).countDocuments({ phase: "started" })) === 1,
    );
    child.process.kill("SIGSTOP");
    const handlers = onlyAutomationRun(async () => ({ by: "parent" }));
    const report = await drain({ queues: ["crm"], concurrency: 1, dispatch, handlers, untilIdleMs: 2_500 });
    expect(report).toMatchObject({ done: 1 });
    const before = await (await jobsCollection()).findOne({ "payload.runId": runId });
    child.process.kill("SIGCONT");
    await child.ended;
    expect(await (await jobsCollection()).findOne({ "payload.runId": runId })).toEqual(before);
    expect(before).toMatchObject({ state: "done", result: { by: "parent" }, attempts: 2 });
    expect(child.output()).toMatch(/"lost":1|"done":0/);
  });

  test("a job that kills its worker is dead after three crashes, and the others of its batch finish", async () => {
    const [poison, ...others] = await give(6, 700);
    for (let kills = 0; kills < 3; kills++) {
      await (await jobsCollection()).updateMany({ state: "scheduled" }, { $set: { runAt: new Date(0) } });
      const child = start({ mode: "drain", jobMs: 5, poison, untilIdleMs: 3_000 });
      expect(await child.ended).toBe("SIGKILL");
      await sleep(750);
    }
    const handlers = onlyAutomationRun(async () => undefined);
    await until("nothing is left", async () => {
      await (await jobsCollection()).updateMany({ state: "scheduled" }, { $set: { runAt: new Date(0) } });
      await drainUntilIdle({ dispatch, limitMs: 10_000, handlers });
      return (await countOf({ state: { $in: ["waiting", "scheduled", "running"] } })) === 0;
    });
    const dead = await (await jobsCollection()).findOne({ "payload.runId": poison });
    expect(dead).toMatchObject({ state: "dead", crashes: 3, attempts: 3, lastError: { code: "poison-job" } });
    expect(await countOf({ "payload.runId": { $in: others }, state: "done" })).toBe(5);
  });

  test("workers whose clocks are ten minutes off neither take running jobs away nor start delayed ones early", async () => {
    await give(20, 3_000);
    const delayed = await give(1, 3_000, { delayMs: 60_000 });
    const skewed = [-600_000, 600_000].map((clockSkewMs) =>
      start({ mode: "drain", jobMs: 200, clockSkewMs, untilIdleMs: 1_000 }),
    );
    expect(await Promise.all(skewed.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(await countOf({ state: "done", attempts: 1, crashes: 0 })).toBe(20);
    expect(await countOf({ "payload.runId": { $in: delayed }, state: "scheduled", attempts: 0 })).toBe(1);
  });

  test("a job much longer than its lease is beaten for and never taken away", async () => {
    await give(1, 900);
    const handlers = onlyAutomationRun(async () => {
      await sleep(3_500);
    });
    const options = { queues: ["crm"] as const, concurrency: 1, dispatch, handlers };
    const [one, two] = await Promise.all([
      drain({ ...options, untilIdleMs: 300 }),
      drain({ ...options, untilIdleMs: 4_000 }),
    ]);
    expect(one.done + two.done).toBe(1);
    expect(one.ran + two.ran).toBe(1);
    expect(await countOf({ state: "done", attempts: 1, crashes: 0 })).toBe(1);
  });
});
