import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import { drain } from "../../../src/jobs/drain";
import { enqueueMany } from "../../../src/jobs/queue/enqueue";
import type { JobHandler } from "../../../src/jobs/queue/job.handler";
import { jobsCollection, slotsCollection, steeringCollection } from "../../../src/jobs/queue/jobs.collection";
import { takeSlots } from "../../../src/jobs/queue/slots";
import { limit, pause, resume } from "../../../src/jobs/queue/steering";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { onlyAutomationRun } from "./queue.handlers";

type Handler = JobHandler<"automation.run">;
const drainWith = (handler: Handler, over: object = {}) =>
  drain({
    queues: ["crm"],
    concurrency: 8,
    dispatch: async () => undefined,
    untilIdleMs: 0,
    handlers: onlyAutomationRun(handler),
    ...over,
  });
const give = (clientCode: string, count: number) =>
  enqueueMany(
    Array.from({ length: count }, () => ({
      type: "automation.run" as const,
      payload: { clientCode, runId: new Types.ObjectId().toHexString() },
      requestId: "test",
    })),
  );
const countOf = async (filter: object) => (await jobsCollection()).countDocuments(filter);

describe("steering the queue", () => {
  beforeAll(async () => {
    for (const code of ["acme", "other", "third"]) await createTenant(code);
  });
  beforeEach(async () => {
    for (const collection of [await jobsCollection(), await steeringCollection(), await slotsCollection()])
      await collection.deleteMany({});
  });
  afterAll(closeAllConnections);

  test("a paused tenant, type or queue waits while the rest runs, and loses nothing when it is resumed", async () => {
    for (const target of ["tenant:acme", "type:automation.run", "queue:crm"] as const) {
      await give("acme", 3);
      await pause(target, "ops");
      await give("acme", 2);
      await give("other", 2);
      const others = target === "tenant:acme" ? 2 : 0;
      expect(await drainWith(async () => undefined)).toMatchObject({ done: others });
      expect(
        await countOf({ clientCode: "acme", attempts: 0, state: { $in: ["waiting", "scheduled"] } }),
      ).toBe(5);
      await resume(target, "ops");
      expect(await drainWith(async () => undefined)).toMatchObject({ done: 7 - others });
    }
  });

  test("a tenant's cap holds over several runners at once, and others use the room", async () => {
    await limit("tenant:acme", { maxRunning: 3 }, "ops");
    await give("acme", 30);
    await give("other", 30);
    const running = new Map<string, number>();
    const most = new Map<string, number>();
    const handler: Handler = async ({ clientCode }) => {
      const now = (running.get(clientCode) ?? 0) + 1;
      running.set(clientCode, now);
      most.set(clientCode, Math.max(most.get(clientCode) ?? 0, now));
      await sleep(20);
      running.set(clientCode, (running.get(clientCode) ?? 0) - 1);
    };
    const runners = Array.from({ length: 3 }, () =>
      drainWith(handler, { concurrency: 6, untilIdleMs: 1_500 }),
    );
    await Promise.all(runners);
    expect(await countOf({ state: "done" })).toBe(60);
    expect(most.get("acme")).toBe(3);
    expect(most.get("other")).toBeGreaterThan(3);
    expect(await (await slotsCollection()).findOne({ _id: "crm:acme" })).toMatchObject({ leases: [] });
  });

  test("a slot that a dead runner held is free again when its lease ends", async () => {
    const request = { slot: "crm:acme", held: 0, want: 5, maxRunning: 4, ratePerMinute: null, unused: 0 };
    expect(await takeSlots({ ...request, holder: "dead" })).toBe(4);
    expect(await takeSlots({ ...request, holder: "alive" })).toBe(0);
    await (await slotsCollection()).updateOne(
      { _id: "crm:acme" },
      { $set: { "leases.$[one].until": new Date(Date.now() - 1) } },
      { arrayFilters: [{ "one.holder": "dead" }] },
    );
    expect(await takeSlots({ ...request, holder: "alive" })).toBe(4);
  });

  test("a rate limit lets a bucket through at once and then no more than flows in", async () => {
    await limit("tenant:acme", { ratePerMinute: 60 }, "ops");
    await give("acme", 40);
    const began = Date.now();
    const report = await drainWith(async () => undefined, {
      untilIdleMs: undefined,
      signal: AbortSignal.timeout(3_000),
    });
    const seconds = (Date.now() - began) / 1_000;
    expect(report.done).toBeGreaterThanOrEqual(10);
    expect(report.done).toBeLessThanOrEqual(10 + Math.ceil(seconds) + 1);
  });

  test("weights 1 to 3 share a runner 1 to 3 while both have work", async () => {
    await limit("tenant:other", { weight: 3 }, "ops");
    await give("acme", 400);
    await give("other", 400);
    const done = new Map<string, number>();
    const stop = new AbortController();
    await drainWith(
      async ({ clientCode }) => {
        done.set(clientCode, (done.get(clientCode) ?? 0) + 1);
        if ((done.get("other") ?? 0) >= 300) stop.abort();
        await sleep(1);
      },
      { signal: stop.signal, untilIdleMs: undefined, graceMs: 0 },
    );
    const share = (done.get("other") ?? 0) / (done.get("acme") ?? 1);
    expect(share).toBeGreaterThan(2.4);
    expect(share).toBeLessThan(3.6);
  });

  test("a tenant that comes while another's backlog runs does not wait for its end", async () => {
    await give("acme", 1_500);
    let backlog = 0;
    let seenAt: number | undefined;
    const stop = new AbortController();
    await drainWith(
      async ({ clientCode }) => {
        if (clientCode === "other") {
          seenAt ??= backlog;
          stop.abort();
        } else if (++backlog === 50) await give("other", 1);
        else if (backlog === 1_500) stop.abort();
        await sleep(5);
      },
      { signal: stop.signal, untilIdleMs: undefined, graceMs: 0 },
    );
    expect(seenAt ?? Number.POSITIVE_INFINITY).toBeLessThan(1_000);
  });

  test("a tenant with slow jobs leaves part of a runner to the others", async () => {
    await give("acme", 40);
    await give("other", 8);
    let quick = 0;
    const stop = new AbortController();
    const began = Date.now();
    await drainWith(
      async ({ clientCode }, _payload, job) => {
        if (clientCode === "acme") await sleep(25_000, undefined, { signal: job.signal });
        else if (++quick === 8) stop.abort();
      },
      { signal: stop.signal, untilIdleMs: undefined, graceMs: 100 },
    );
    expect(quick).toBe(8);
    expect(Date.now() - began).toBeLessThan(15_000);
    expect(await countOf({ clientCode: "acme", state: "waiting", attempts: 0 })).toBe(40);
  });
});
