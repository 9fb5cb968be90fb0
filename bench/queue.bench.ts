/**
 * The queue beside what it cannot be faster than: a bare loop of one findOneAndUpdate that claims and one update that
 * completes, on the same server in the same run.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import * as z from "zod";
import { drain } from "../src/jobs/drain";
import { claim } from "../src/jobs/queue/claim";
import { plainRow } from "../src/jobs/queue/insert.job";
import { draftJob } from "../src/jobs/queue/job.draft";
import type { JobHandler, JobHandlers } from "../src/jobs/queue/job.handler";
import { jobsCollection } from "../src/jobs/queue/jobs.collection";
import { tenantsWithWork } from "../src/jobs/queue/tenants.with.work";
import { followChanges } from "../src/jobs/run/change.hint";
import { centralConnection } from "../src/lib/db/central.connection";
import type { JobRecord } from "../src/model/clients/job.schema";
import type { AreaOptions } from "./area";
import { watchCommands } from "./commands";
import { aimsAt, atLeast, atMost, type Figure, type Report } from "./figure";
import { registerLightTenants } from "./light.tenants";
import { median, quantile, timed } from "./measure";

const dispatch = async () => undefined;
const side = 8;
const tenantCodes = Array.from({ length: 200 }, (_, index) => `q${String(index).padStart(3, "0")}`);
const codeAt = (index: number): string => tenantCodes[index % tenantCodes.length] ?? "q000";

export async function run({ full }: AreaOptions): Promise<Report> {
  await registerLightTenants(tenantCodes);
  await drainRate(400, 1, side);
  const figures = [
    ...(await drainAgainstLoop()),
    ...(await roundTrips()),
    ...(await fairness()),
    ...(await pickUp()),
    ...(full ? await drainTable() : []),
    ...(await backlog(full ? 100_000 : 20_000)),
  ];
  return {
    figures,
    notes: ["Jobs do nothing, but for their tenant's context; each is claimed, run and marked done."],
  };
}

function rowFor(clientCode: string): JobRecord {
  const job = {
    type: "automation.run" as const,
    payload: { clientCode, runId: new Types.ObjectId().toHexString() },
    requestId: "bench",
  };
  return plainRow(draftJob(job), {}, new Date());
}

async function fill(count: number, codeOf: (index: number) => string): Promise<void> {
  const jobs = await jobsCollection();
  for (let from = 0; from < count; from += 5_000) {
    const rows = Array.from({ length: Math.min(5_000, count - from) }, (_, index) =>
      rowFor(codeOf(from + index)),
    );
    await jobs.insertMany(rows, { ordered: false, writeConcern: { w: 1, journal: false } });
  }
}

const empty = async () => (await jobsCollection()).deleteMany({});

function handlersOf(handler: JobHandler<"automation.run">): JobHandlers {
  const other = async () => async (): Promise<void> => {
    throw new Error("The benchmark has jobs of one type only.");
  };
  return {
    "whatsapp.inbound": other,
    "whatsapp.send": other,
    "templates.sync": other,
    "media.download": other,
    "media.process": other,
    "automation.run": async () => handler,
    "tenant.sweep": other,
    "quarantine.replay": other,
  };
}

const drainAll = (concurrency: number, handler: JobHandler<"automation.run">) =>
  drain({ queues: ["crm"], concurrency, dispatch, handlers: handlersOf(handler), untilIdleMs: 0 });

/** Jobs a second of one process, until the last is done. */
async function drainRate(count: number, tenants: number, concurrency: number): Promise<number> {
  await empty();
  await fill(count, (index) => codeAt(index % tenants));
  let last = 0;
  const began = performance.now();
  await drainAll(concurrency, async () => {
    last = performance.now();
  });
  return (count / (last - began)) * 1_000;
}

/** The plainest claim loop: any order, one job a claim. */
async function bareLoop(count: number, concurrency: number, work: () => Promise<void>): Promise<number> {
  await empty();
  await fill(count, () => codeAt(0));
  const jobs = await jobsCollection();
  const lane = async () => {
    for (;;) {
      const job = await jobs.findOneAndUpdate(
        { state: "waiting", queue: "crm", clientCode: codeAt(0) },
        [
          {
            $set: {
              state: "running",
              leaseUntil: { $add: ["$$NOW", 30_000] },
              attempts: { $add: ["$attempts", 1] },
            },
          },
        ],
        { sort: { priority: -1, runAt: 1, _id: 1 }, projection: { _id: 1 } },
      );
      if (!job) return;
      await work();
      await jobs.updateOne(
        { _id: job._id, state: "running" },
        { $set: { state: "done", finishedAt: new Date() } },
      );
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: concurrency }, lane)));
  return (count / ms) * 1_000;
}

async function drainAgainstLoop(): Promise<Figure[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    theirs.push(await bareLoop(600, side, async () => undefined));
    ours.push(await drainRate(4_000, 1, side));
  }
  return [
    {
      what: `drain jobs that do nothing, ${side} at once, beside a bare findOneAndUpdate loop`,
      figure: { value: Math.round(median(ours)), unit: "/s" },
      limit: { value: Math.round(median(theirs)), unit: "/s" },
      ratio: median(ours) / median(theirs),
      target: atLeast(4, 8),
    },
  ];
}

async function roundTrips(): Promise<Figure[]> {
  await empty();
  const count = 2_000;
  await fill(count, () => codeAt(0));
  const watch = watchCommands(await centralConnection());
  watch.reset();
  await drainAll(side, async () => undefined);
  return [
    {
      what: "database round trips per job, batches of 50",
      figure: { value: watch.sent.length / count, unit: "" },
      target: atMost(0.2, 0.1),
    },
  ];
}

/** One tenant's 6,000 jobs before those of 40 others: when have all the others started? Against first in, first out. */
async function fairness(): Promise<Figure[]> {
  const big = 6_000;
  const codeOf = (index: number) => (index < big ? codeAt(0) : codeAt(1 + ((index - big) % 40)));
  await empty();
  await fill(big + 400, codeOf);
  let small = 0;
  let allStarted = 0;
  const stop = new AbortController();
  const began = performance.now();
  await drain({
    queues: ["crm"],
    concurrency: side,
    dispatch,
    signal: stop.signal,
    handlers: handlersOf(async (ctx) => {
      if (ctx.clientCode !== codeAt(0)) small += 1;
      if (small === 400 && allStarted === 0) {
        allStarted = performance.now() - began;
        stop.abort();
      }
      await sleep(2);
    }),
    untilIdleMs: 0,
  });
  const fifo = (big / (await bareLoop(1_500, side, () => sleep(2)))) * 1_000;
  return [
    {
      what: "40 small tenants behind one tenant's 6,000 jobs: all started, beside first in, first out",
      figure: { value: allStarted, unit: "ms" },
      limit: { value: fifo, unit: "ms" },
      ratio: allStarted / fifo,
      target: atMost(0.15, 0.06),
    },
  ];
}

/** A job stored by somebody else, found by an idle worker through the stream of changes. */
async function pickUp(): Promise<Figure[]> {
  await empty();
  const jobs = await jobsCollection();
  const stop = new AbortController();
  let started: (() => void) | undefined;
  const working = drain({
    queues: ["crm"],
    concurrency: side,
    dispatch,
    signal: stop.signal,
    handlers: handlersOf(async () => started?.()),
  });
  const following = followChanges(["crm"], stop.signal);
  await sleep(1_500);
  const waits: number[] = [];
  for (let round = 0; round < 200; round += 1) {
    const seen = new Promise<void>((resolve) => {
      started = resolve;
    });
    const began = performance.now();
    await jobs.insertOne(rowFor(codeAt(round)));
    await seen;
    waits.push(performance.now() - began);
    await sleep(10 + Math.random() * 40);
  }
  stop.abort();
  await Promise.all([working, following]);
  return [
    {
      what: "pick-up by an idle worker, p50",
      figure: { value: quantile(waits, 0.5), unit: "ms" },
      target: aimsAt(15, 8),
    },
    {
      what: "pick-up by an idle worker, p99",
      figure: { value: quantile(waits, 0.99), unit: "ms" },
      target: aimsAt(60, 25),
    },
  ];
}

async function drainTable(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const tenants of [1, 20, 200])
    for (const concurrency of [1, 8, 32])
      figures.push({
        what: `drain, ${concurrency} at once, ${tenants} tenants`,
        figure: { value: Math.round(await drainRate(3_000, tenants, concurrency)), unit: "/s" },
      });
  return figures;
}

/** Claims only, 20 a turn, from tenants in turn. */
async function claimRate(claims: number): Promise<number> {
  let won = 0;
  const ms = await timed(async () => {
    for (let turn = 0; turn < claims; turn += 1)
      won += (await claim({ queue: "crm", clientCode: codeAt(turn), count: 20, workerId: "bench" })).jobs
        .length;
  });
  return (won / ms) * 1_000;
}

const profileSchema = z.array(z.object({ keysExamined: z.number().default(0) }));

/** Index keys that the server examined for the jobs while this ran. */
async function keysExamined(work: () => Promise<unknown>): Promise<number> {
  const { db } = await jobsCollection();
  await db.command({ profile: 2 });
  await work();
  await db.command({ profile: 0 });
  const rows = await db
    .collection("system.profile")
    .find({ ns: `${db.databaseName}.jobs` })
    .toArray();
  await db.collection("system.profile").drop();
  return profileSchema.parse(rows).reduce((sum, row) => sum + row.keysExamined, 0);
}

/** @param least the smaller backlog; the larger one is ten times that. */
async function backlog(least: number): Promise<Figure[]> {
  await empty();
  await fill(least, codeAt);
  await claimRate(20);
  const small = [await claimRate(100), await claimRate(100), await claimRate(100)];
  await fill(9 * least, codeAt);
  await claimRate(20);
  const large = [await claimRate(100), await claimRate(100), await claimRate(100)];
  const n = 20;
  const claimed = await keysExamined(async () => {
    await tenantsWithWork("crm");
    await claim({ queue: "crm", clientCode: codeAt(7), count: n, workerId: "bench" });
  });
  const jobs = await jobsCollection();
  await jobs.updateMany(
    { state: "waiting" },
    { $set: { state: "done" } },
    { writeConcern: { w: 1, journal: false } },
  );
  const idle = await keysExamined(() => tenantsWithWork("crm"));
  return [
    {
      what: `claim rate with ${count(10 * least)} waiting, beside ${count(least)}`,
      figure: { value: Math.round(median(large)), unit: "/s" },
      limit: { value: Math.round(median(small)), unit: "/s" },
      ratio: median(large) / median(small),
      target: atLeast(0.5, 0.9),
    },
    {
      what: `index keys examined by a claim of ${n}, looking for tenants included, 200 tenants`,
      figure: { value: claimed, unit: "" },
      target: atMost(3 * n + tenantCodes.length + 1, 2 * n + 2),
    },
    {
      what: `index keys examined by an empty poll, ${count(10 * least)} finished jobs beside`,
      figure: { value: idle, unit: "" },
      target: atMost(tenantCodes.length, 1),
    },
  ];
}

const count = (number: number): string => number.toLocaleString("en-US");
