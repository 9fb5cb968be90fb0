/** How soon jobs are started: small tenants behind a large one, and one job by an idle worker. */
import { setTimeout as sleep } from "node:timers/promises";
import { drain } from "../../src/jobs/drain";
import { jobsCollection } from "../../src/jobs/queue/jobs.collection";
import { followChanges } from "../../src/jobs/run/change.hint";
import { aimsAt, atMost, type Figure } from "../figure";
import { quantile } from "../measure";
import { codeAt, dispatch, empty, fill, handlersOf, rowFor, side } from "./bench.jobs";
import { bareLoop } from "./drain.rate";

/** One tenant's 6,000 jobs before those of 40 others: when have all the others started? Against first in, first out. */
export async function fairness(): Promise<Figure[]> {
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
export async function pickUp(): Promise<Figure[]> {
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
