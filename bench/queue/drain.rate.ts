/** How fast jobs that do nothing are run, beside a bare loop of one claim and one completion a job. */
import { jobsCollection } from "../../src/jobs/queue/jobs.collection";
import { centralConnection } from "../../src/lib/db/central.connection";
import { watchCommands } from "../commands";
import { atLeast, atMost, type Figure } from "../figure";
import { inRounds, timed } from "../measure";
import { codeAt, drainAll, empty, fill, side } from "./bench.jobs";

const rounds = 5;

/** Jobs a second of one process, until the last is done. */
export async function drainRate(count: number, tenants: number, concurrency: number): Promise<number> {
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
export async function bareLoop(
  count: number,
  concurrency: number,
  work: () => Promise<void> = async () => undefined,
): Promise<number> {
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

/** The best of alternating rounds of each: whatever else the machine does can only make a round slower. */
export async function drainAgainstLoop(): Promise<Figure[]> {
  const { ours, theirs } = await inRounds(
    rounds,
    () => drainRate(4_000, 1, side),
    () => bareLoop(600, side),
  );
  const [best, limit] = [Math.max(...ours), Math.max(...theirs)];
  return [
    {
      what: `drain jobs that do nothing, ${side} at once, beside a bare findOneAndUpdate loop`,
      figure: { value: Math.round(best), unit: "/s" },
      limit: { value: Math.round(limit), unit: "/s" },
      ratio: best / limit,
      target: atLeast(4, 8),
    },
  ];
}

export async function roundTrips(): Promise<Figure[]> {
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

/** Told only: what it comes to with more at once, and with more tenants to take turns. */
export async function drainTable(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const concurrency of [1, side, 32]) {
    const limit = await bareLoop(400, concurrency);
    for (const tenants of [1, 20, 200]) {
      const rate = Math.max(
        await drainRate(2_000, tenants, concurrency),
        await drainRate(2_000, tenants, concurrency),
      );
      figures.push({
        what: `drain, ${concurrency} at once, ${tenants} tenant${tenants === 1 ? "" : "s"}`,
        figure: { value: Math.round(rate), unit: "/s" },
        limit: { value: Math.round(limit), unit: "/s" },
        ratio: rate / limit,
      });
    }
  }
  return figures;
}
