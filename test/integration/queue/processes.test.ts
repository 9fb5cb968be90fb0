import { setTimeout as sleep } from "node:timers/promises";
import { drain } from "../../../src/jobs/drain";
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { countOf, effects, endChildren, forgetAll, give, startChild, until } from "./queue.faults";
import { onlyAutomationRun } from "./queue.handlers";

const dispatch = async () => undefined;
describe("the queue over several processes", () => {
  beforeAll(async () => {
    await createTenant("acme");
  });
  beforeEach(forgetAll);
  afterEach(endChildren);
  afterAll(closeAllConnections);

  test("when one of two workers is killed, no job is lost or done twice, and its jobs are back when their leases end", async () => {
    const leaseMs = 2_000;
    const plan = { mode: "drain", jobMs: 30, untilIdleMs: 5_000 };
    const victim = startChild(plan);
    await Promise.all([victim.ready, startChild(plan).ready]);
    await give(300, leaseMs);
    await until("both are working", async () => {
      const pids = await (await effects()).distinct("pid");
      return pids.length === 2 && (await countOf({ state: "done" })) > 40;
    });
    victim.process.kill("SIGKILL");
    await victim.ended;
    const killedAt = Date.now();
    const orphans = await countOf({ state: "running", workerId: { $regex: `:${victim.process.pid}:` } });
    await until("all are done", async () => (await countOf({ state: "done" })) === 300, 60_000);

    expect(orphans).toBeGreaterThan(0);
    const again = await countOf({ attempts: { $gt: 1 } });
    expect(again).toBeLessThanOrEqual(orphans);
    expect(await countOf({ crashes: { $gt: 0 } })).toBe(again);
    // The lease and the reaper's half second; the rest is for a machine that is busy with other tests.
    const late = new Date(killedAt + leaseMs + 12_000);
    expect(await countOf({ "lastError.code": "lease-expired", "lastError.at": { $gt: late } })).toBe(0);
  });

  test("a worker that dies right after its claim, or just before it marks the job done, costs one more attempt", async () => {
    for (const point of ["after-claim", "before-complete"]) {
      const [runId] = await give(1, 500);
      const child = startChild({ mode: "drain" }, { FAILPOINT: point });
      expect(await child.ended).toBe("SIGKILL");
      expect(await countOf({ "payload.runId": runId, state: "running", attempts: 1 })).toBe(1);
      const handlers = onlyAutomationRun(async () => undefined);
      expect(await drainUntilIdle({ dispatch, limitMs: 10_000, handlers })).toEqual({ ran: 1, done: true });
      expect(await countOf({ "payload.runId": runId, state: "done", attempts: 2, crashes: 1 })).toBe(1);
    }
  });

  test("a worker stopped past its lease changes nothing when it goes on: its late completion is fenced", async () => {
    const [runId] = await give(1, 1_500);
    const child = startChild({ mode: "drain", jobMs: 1_000, untilIdleMs: 0 });
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
      // Longer than the longest pause after a crash (5 s): the third child has to wait for its victim.
      const child = startChild({ mode: "drain", jobMs: 5, poison, untilIdleMs: 6_000 });
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
