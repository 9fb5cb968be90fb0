import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import { drain } from "../../../src/jobs/drain";
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { cancelJob, enqueue, enqueueMany } from "../../../src/jobs/queue/enqueue";
import { JobFailedForGood, RetryLater } from "../../../src/jobs/queue/job.errors";
import type { JobHandler } from "../../../src/jobs/queue/job.handler";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { moveClock } from "../../../src/lib/clock/clock";
import { AppError } from "../../../src/lib/errors/app.error";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { resumeClient, suspendClient } from "../../../src/services/clients/client.service";
import { createTenant, platformContext } from "../../builders/client.builder";
import { onlyAutomationRun } from "./queue.handlers";

type Handler = JobHandler<"automation.run">;
const dispatch = async () => undefined;
const runId = () => new Types.ObjectId().toHexString();
const run = (clientCode: string, over: object = {}) => ({
  type: "automation.run" as const,
  payload: { clientCode, runId: runId() },
  requestId: "test",
  ...over,
});
const drainWith = (handler: Handler, over: object = {}) =>
  drain({
    queues: ["crm"],
    concurrency: 8,
    dispatch,
    untilIdleMs: 0,
    handlers: onlyAutomationRun(handler),
    ...over,
  });
const rowOf = async (jobId: string) => (await jobsCollection()).findOne({ _id: new Types.ObjectId(jobId) });

describe("draining", () => {
  beforeAll(async () => {
    for (const code of ["acme", "other", "small", "held"]) await createTenant(code);
  });
  afterAll(closeAllConnections);

  test("a job runs once with its tenant's context and keeps its result", async () => {
    const { jobId } = await enqueue(run("acme", { requestId: "req-1" }));
    const seen: string[] = [];
    const report = await drainWith(async (ctx, payload, job) => {
      seen.push(`${ctx.clientCode} ${ctx.requestId} ${ctx.actor.id} ${job.attempt}`, payload.clientCode);
      await job.progress(0.5);
      return { steps: 2 };
    });
    expect(report).toMatchObject({ ran: 1, done: 1, idle: true });
    expect(seen).toEqual(["acme req-1 job:automation.run 1", "acme"]);
    const row = await rowOf(jobId);
    expect(row).toMatchObject({ state: "done", attempts: 1, result: { steps: 2 }, progress: 0.5 });
    expect(row?.token).toBeUndefined();
    expect(row?.leaseUntil).toBeUndefined();
    const keptDays = ((row?.expireAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(keptDays).toBeGreaterThan(6.9);
    expect(keptDays).toBeLessThan(7.1);
  });

  test("hundreds of jobs of several tenants all run exactly once", async () => {
    const list = ["acme", "other", "small"].flatMap((code) => Array.from({ length: 150 }, () => run(code)));
    await enqueueMany(list);
    const seen: string[] = [];
    const report = await drainWith(async (_ctx, { runId: id }) => {
      seen.push(id);
    });
    expect(report).toMatchObject({ ran: 450, done: 450, lost: 0 });
    expect(new Set(seen).size).toBe(450);
  });

  test("one tenant's long backlog is run to its end before the drain calls itself idle", async () => {
    await enqueueMany(Array.from({ length: 800 }, () => run("acme")));
    const report = await drainWith(async () => undefined);
    expect(report).toMatchObject({ ran: 800, done: 800, idle: true });
  });

  test("the jobs of a tenant that has left are cancelled, and nobody is alarmed", async () => {
    const { jobId } = await enqueue(run("nobody"));
    expect(await drainWith(async () => undefined)).toMatchObject({ cancelled: 1, retried: 0, dead: 0 });
    expect(await rowOf(jobId)).toMatchObject({ state: "cancelled", lastError: { code: "tenant-gone" } });
  });

  test("a failure is tried again after a back-off and is dead with its reason when the attempts are used up", async () => {
    const { jobId } = await enqueue(run("acme"));
    await (await jobsCollection()).updateOne(
      { _id: new Types.ObjectId(jobId) },
      { $set: { maxAttempts: 2 } },
    );
    const failing: Handler = async () => {
      throw new AppError("service-unavailable", "The other side is closed.");
    };
    expect(await drainWith(failing)).toMatchObject({ retried: 1, dead: 0 });
    const first = await rowOf(jobId);
    expect(first).toMatchObject({
      state: "scheduled",
      attempts: 1,
      lastError: { code: "service-unavailable" },
    });
    await moveClock({ byMs: 60_000 });
    expect(await drainWith(failing)).toMatchObject({ retried: 0, dead: 1 });
    const last = await rowOf(jobId);
    expect(last).toMatchObject({
      state: "dead",
      attempts: 2,
      lastError: { detail: "The other side is closed." },
    });
    expect(last?.failures).toHaveLength(2);
  });

  test("an error of a stranger leaves its class name and not its message", async () => {
    const { jobId } = await enqueue(run("acme"));
    await drainWith(async () => {
      throw new TypeError("+49 170 1234567 is not a function");
    });
    const row = await rowOf(jobId);
    expect(JSON.stringify(row)).not.toContain("170");
    expect(row?.lastError?.detail).toContain("TypeError");
    await cancelAll();
  });

  test("RetryLater can wait without using an attempt, and JobFailedForGood is dead at once", async () => {
    const waiting = await enqueue(run("acme", { key: "later" }));
    await drainWith(async () => {
      throw new RetryLater({
        code: "paused",
        detail: "The number is paused.",
        delayMs: 30_000,
        countsAttempt: false,
      });
    });
    const row = await rowOf(waiting.jobId);
    expect(row).toMatchObject({ state: "scheduled", attempts: 0, lastError: { code: "paused" } });
    expect(await cancelJob("acme", "automation.run", "later")).toBe(true);

    const hopeless = await enqueue(run("acme"));
    await drainWith(async () => {
      throw new JobFailedForGood("gone", "The run does not exist any more.");
    });
    expect(await rowOf(hopeless.jobId)).toMatchObject({
      state: "dead",
      attempts: 1,
      lastError: { code: "gone" },
    });
  });

  test("a payload that does not parse is dead at once, readably; an unknown type is parked and freed when known", async () => {
    const broken = await enqueue(run("acme"));
    const strange = await enqueue(run("acme"));
    const jobs = await jobsCollection();
    await jobs.updateOne({ _id: new Types.ObjectId(broken.jobId) }, { $set: { "payload.runId": 7 } });
    await jobs.updateOne({ _id: new Types.ObjectId(strange.jobId) }, { $set: { payloadVersion: 99 } });
    const report = await drainWith(async () => undefined);
    expect(report).toMatchObject({ dead: 1, parked: 1, done: 0 });
    expect((await rowOf(broken.jobId))?.lastError?.detail).toContain("runId");
    expect(await rowOf(strange.jobId)).toMatchObject({ state: "scheduled", blockedBy: "type", attempts: 0 });
    await jobs.updateOne({ _id: new Types.ObjectId(strange.jobId) }, { $set: { payloadVersion: 1 } });
    expect(await drainWith(async () => undefined)).toMatchObject({ done: 1 });
  });

  test("a job that an earlier release wrote still runs", async () => {
    const { jobId } = await enqueue(run("acme"));
    await (await jobsCollection()).updateOne(
      { _id: new Types.ObjectId(jobId) },
      { $set: { payloadVersion: 0 } },
    );
    expect(await drainWith(async () => undefined)).toMatchObject({ done: 1, parked: 0 });
  });

  test("delayed jobs start when the stack's clock reaches them, not before", async () => {
    const { jobId } = await enqueue(run("acme", { delayMs: 3_600_000 }));
    expect(await drainWith(async () => undefined)).toMatchObject({ ran: 0 });
    await moveClock({ byMs: 3_600_000 });
    expect(await drainWith(async () => undefined)).toMatchObject({ done: 1 });
    expect(await rowOf(jobId)).toMatchObject({ state: "done" });
  });

  test("jobs of one ordering key run one at a time in the order of enqueueing, others beside them", async () => {
    const list = Array.from({ length: 12 }, (_, place) => ({
      ...run("acme", { orderingKey: "line" }),
      place,
    }));
    const places = new Map(list.map(({ payload, place }) => [payload.runId, place]));
    await enqueueMany(list.map(({ place: _place, ...job }) => job));
    const seen: number[] = [];
    let atOnce = 0;
    let most = 0;
    await drainWith(async (_ctx, { runId: id }) => {
      most = Math.max(most, ++atOnce);
      seen.push(places.get(id) ?? -1);
      await sleep(2);
      atOnce -= 1;
    });
    expect(seen).toEqual(list.map(({ place }) => place));
    expect(most).toBe(1);
  });

  test("a retrying job holds back its successors, a dead one lets them go", async () => {
    const first = run("acme", { orderingKey: "held" });
    const second = run("acme", { orderingKey: "held" });
    await enqueueMany([first, second]);
    const seen: string[] = [];
    let hopeless = false;
    const handler: Handler = async (_ctx, { runId: id }) => {
      seen.push(id === first.payload.runId ? "first" : "second");
      if (id !== first.payload.runId) return;
      if (hopeless) throw new JobFailedForGood("no", "It cannot be done.");
      throw new RetryLater({ code: "later", detail: "Not yet.", delayMs: 10_000 });
    };
    await drainWith(handler);
    expect(seen).toEqual(["first"]);
    hopeless = true;
    await moveClock({ byMs: 10_000 });
    await drainWith(handler);
    expect(seen).toEqual(["first", "first", "second"]);
  });

  test("higher priorities first", async () => {
    const low = run("acme");
    const high = run("acme", { priority: 5 });
    await enqueueMany([low, high]);
    const seen: string[] = [];
    await drainWith(
      async (_ctx, { runId: id }) => {
        seen.push(id);
      },
      { concurrency: 1 },
    );
    expect(seen).toEqual([high.payload.runId, low.payload.runId]);
  });

  test("a suspended tenant's jobs wait and run when it is resumed, while others run on", async () => {
    const waiting = await enqueue(run("held"));
    await suspendClient(platformContext(), "held");
    await enqueue(run("acme"));
    const handlers = onlyAutomationRun(async () => undefined);
    expect(await drainUntilIdle({ dispatch, limitMs: 5_000, handlers })).toEqual({ ran: 1, done: true });
    expect(await rowOf(waiting.jobId)).toMatchObject({ state: "waiting", attempts: 0 });
    await resumeClient(platformContext(), "held");
    expect(await drainUntilIdle({ dispatch, limitMs: 5_000, handlers })).toEqual({ ran: 1, done: true });
    expect(await rowOf(waiting.jobId)).toMatchObject({ state: "done" });
  });

  test("a running job is told by its signal when it is cancelled, and ends as cancelled", async () => {
    const { jobId } = await enqueue(run("acme", { key: "long" }));
    let told = false;
    const report = await drainWith(async (_ctx, _payload, job) => {
      expect(await cancelJob("acme", "automation.run", "long")).toBe(true);
      await new Promise<void>((resolve) => {
        job.signal.addEventListener("abort", () => resolve());
      });
      told = true;
      job.signal.throwIfAborted();
    });
    expect(told).toBe(true);
    expect(report).toMatchObject({ cancelled: 1 });
    expect(await rowOf(jobId)).toMatchObject({ state: "cancelled" });
  });

  test("at its deadline it gives back what has not started and what does not end, and holds nothing", async () => {
    await enqueueMany(Array.from({ length: 40 }, () => run("acme")));
    const began = performance.now();
    const deaf = new AbortController();
    const ignoringItsSignal: Handler = async () => {
      await sleep(60_000, undefined, { signal: deaf.signal });
    };
    const report = await drainWith(ignoringItsSignal, {
      deadline: () => 14_000 - (performance.now() - began),
      graceMs: 300,
      untilIdleMs: undefined,
    });
    deaf.abort();
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(report).toMatchObject({ done: 0, "given-back": 8, idle: false });
    const jobs = await jobsCollection();
    expect(await jobs.countDocuments({ state: "running" })).toBe(0);
    expect(await jobs.countDocuments({ clientCode: "acme", state: "waiting", attempts: 0 })).toBe(40);
    expect(await drainWith(async () => undefined)).toMatchObject({ done: 40 });
  });

  async function cancelAll() {
    await (await jobsCollection()).deleteMany({ state: "scheduled" });
  }
});
