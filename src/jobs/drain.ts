/** Runs due jobs: the one way of the poller, the media poller, the worker and the local stack. */
import { availableParallelism } from "node:os";
import { jobHandlers } from "./handlers";
import type { QueueName } from "./queue/job.catalog";
import { type DrainOptions, type DrainReport, emptyReport } from "./run/drain.options";
import { Runner } from "./run/runner";
import { Tally } from "./run/tally";
import { Upkeep } from "./run/upkeep";

export { type DrainOptions, type DrainReport, emptyReport } from "./run/drain.options";

/** Queues whose jobs keep a core busy: they run beside the others, one per core, and nothing is prefetched. */
const heavyQueues: readonly QueueName[] = ["media"];

/**
 * Runs jobs of these queues until idle, until the deadline nears, or until the signal. At its return nothing is held:
 * every job it took is done, put off, dead, or given back. Heavy queues run beside the others, one job per core.
 */
export async function drain(options: DrainOptions): Promise<DrainReport> {
  const light = options.queues.filter((queue) => !heavyQueues.includes(queue));
  const heavy = options.queues.filter((queue) => heavyQueues.includes(queue));
  const parts = [
    { queues: light, concurrency: options.concurrency, prefetch: true },
    { queues: heavy, concurrency: Math.min(options.concurrency, availableParallelism()), prefetch: false },
  ].filter(({ queues }) => queues.length > 0);
  const report = options.report ?? emptyReport();
  const handlers = options.handlers ?? jobHandlers;
  const tally = new Tally();
  const upkeep = new Upkeep(tally);
  const runners = parts.map((part) => new Runner({ ...options, ...part, handlers }, report, upkeep, tally));
  await Promise.all(runners.map((runner) => runner.run())).finally(() => tally.end());
  report.idle = runners.every(({ idle }) => idle);
  return report;
}
