import { jobsCollection, minutesCollection } from "../../../src/jobs/queue/jobs.collection";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import {
  countOf,
  effects,
  endChildren,
  forgetAll,
  give,
  startChild,
  until,
} from "../../integration/queue/queue.faults";

describe("the queue over several processes, with many jobs", () => {
  beforeAll(async () => {
    await createTenant("acme");
  });
  beforeEach(forgetAll);
  afterEach(endChildren);
  afterAll(closeAllConnections);

  test("32 claimers in 4 processes win each of 5,000 jobs exactly once, singly and in batches", async () => {
    await give(5_000);
    const claimers = [1, 5, 20, 50].map((batch) => startChild({ mode: "claim", concurrency: 8, batch }));
    expect(await Promise.all(claimers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    const won = await (await effects()).find().toArray();
    expect(won).toHaveLength(5_000);
    expect(new Set(won.map(({ job }) => job)).size).toBe(5_000);
    expect(await countOf({ state: "running", attempts: 1 })).toBe(5_000);
    const held = await (await jobsCollection()).find().project({ token: 1 }).toArray();
    const tokens = new Map(won.map(({ job, token }) => [job, token]));
    expect(held.filter(({ _id, token }) => tokens.get(_id.toHexString()) !== token)).toEqual([]);
  }, 300_000);

  test("when one of two workers is killed amid 10,000 jobs, all are done within its lease and a second", async () => {
    const leaseMs = 15_000;
    const plan = { mode: "drain", concurrency: 16, jobMs: 10, untilIdleMs: 20_000, quiet: true };
    const victim = startChild(plan);
    await Promise.all([victim.ready, startChild(plan).ready]);
    await give(10_000, leaseMs);
    await until("half is done", async () => (await countOf({ state: "done" })) >= 5_000, 120_000);
    const held = () => countOf({ workerId: { $regex: `:${victim.process.pid}:` } });
    await until("the victim holds jobs", async () => (await held()) >= 8);
    victim.process.kill("SIGKILL");
    await victim.ended;
    const killedAt = Date.now();
    const jobs = await jobsCollection();
    const before = await jobs.find({ state: "done" }).project({ finishedAt: 1, attempts: 1 }).toArray();
    const orphans = await held();
    await until("all are done", async () => (await countOf({ state: "done" })) === 10_000, 120_000);
    const took = Date.now() - killedAt;

    expect(orphans).toBeGreaterThan(0);
    expect(await countOf({ attempts: { $gt: 1 } })).toBe(orphans);
    expect(await countOf({ crashes: 1, attempts: 2 })).toBe(orphans);
    // What was done stays as it was: nothing is finished twice.
    const after = await jobs
      .find({ _id: { $in: before.map(({ _id }) => _id) } })
      .project({ finishedAt: 1, attempts: 1 })
      .toArray();
    expect(new Set(after.map((row) => JSON.stringify(row)))).toEqual(
      new Set(before.map((row) => JSON.stringify(row))),
    );
    expect(took).toBeLessThan(leaseMs + 1_000);
  }, 300_000);

  test("workers whose clocks are ten minutes off neither take running jobs away nor start delayed ones early", async () => {
    await give(20, 3_000);
    const delayed = await give(1, 3_000, { delayMs: 60_000 });
    const skewed = [-600_000, 600_000].map((clockSkewMs) =>
      startChild({ mode: "drain", jobMs: 200, clockSkewMs, untilIdleMs: 1_000 }),
    );
    expect(await Promise.all(skewed.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(await countOf({ state: "done", attempts: 1, crashes: 0 })).toBe(20);
    expect(await countOf({ "payload.runId": { $in: delayed }, state: "scheduled", attempts: 0 })).toBe(1);
    // Figures are by the server's clock too: nobody was ten minutes late, and nothing happened ten minutes ago.
    const minutes = await (await minutesCollection()).find().toArray();
    expect(minutes.reduce((sum, { done }) => sum + done, 0)).toBe(20);
    for (const { minute, lag } of minutes) {
      expect(Math.abs(Date.now() - minute.getTime())).toBeLessThan(180_000);
      expect(Object.keys(lag).filter((bound) => bound === "more" || Number(bound) > 60_000)).toEqual([]);
    }
  });
});
