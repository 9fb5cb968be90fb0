/**
 * The long-lived worker of the cluster: finds jobs in the central queue, connects to each job's tenant, does it, and
 * settles it. Start many: they share the queue. SIGTERM and Ctrl-C let running jobs finish, then give the rest back.
 */
import { centralConnection } from "../lib/db/central.connection";
import { EnvironmentError, env } from "../lib/env/env";
import { rootLogger } from "../lib/log/logger";
import { closeAllConnections } from "../lib/tenant/tenant.registry";
import { dispatchEvents } from "../services/saas/automation/dispatch.events";
import { type DrainReport, drain, emptyReport } from "./drain";
import { enqueueWhatIsDue } from "./enqueue.due";
import { followChanges } from "./run/change.hint";
import { HealthPortError, logHealth, serveHealth } from "./worker.health";
import { parseWorkerOptions, type WorkerOptions, WorkerOptionsError, workerHelp } from "./worker.options";

const sweepEveryMs = 30_000;

/** Enqueues the sweeps and recurring jobs that are due, every half minute, as the poller does each minute. */
function keepSweeping(): () => void {
  void enqueueWhatIsDue();
  const timer = setInterval(() => void enqueueWhatIsDue(), sweepEveryMs);
  return () => clearInterval(timer);
}

async function work(options: WorkerOptions): Promise<void> {
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    rootLogger().info("Told to stop: running jobs finish, the rest is given back.", {
      signal,
      grace: options.grace,
    });
    stopping.abort();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);

  const report: DrainReport = emptyReport();
  await centralConnection();
  const health = options["health-port"];
  const server = health === undefined ? undefined : await serveHealth(health, () => report, stopping.signal);
  const endLines = logHealth(() => report);
  const endSweeps = keepSweeping();
  const following = followChanges(options.queues, stopping.signal);
  rootLogger().info("The worker takes jobs.", { queues: options.queues, concurrency: options.concurrency });
  await drain({
    queues: options.queues,
    concurrency: options.concurrency,
    dispatch: dispatchEvents,
    signal: stopping.signal,
    graceMs: options.grace * 1_000,
    report,
  });
  endSweeps();
  endLines();
  await following;
  server?.closeAllConnections();
  server?.close();
  await closeAllConnections();
  rootLogger().info("The worker has stopped and holds nothing.", { ran: report.ran, done: report.done });
}

async function main(): Promise<void> {
  try {
    const options = parseWorkerOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(`${workerHelp}\n`);
      return;
    }
    env();
    await work(options);
  } catch (error) {
    const expected =
      error instanceof EnvironmentError ||
      error instanceof WorkerOptionsError ||
      error instanceof HealthPortError;
    const text = expected
      ? error.message
      : `The worker cannot start: the central database does not answer (${error instanceof Error ? error.name : "error"}). Check MONGODB_URI.`;
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
    await closeAllConnections();
  }
}

void main();
