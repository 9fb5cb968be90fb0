/**
 * One process of the queue's fault tests: claims or drains as its arguments say, and leaves what it did in the
 * `effects` collection, so that the test can count after it was killed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";

const plan = z
  .object({
    mode: z.enum(["claim", "drain"]),
    clientCode: z.string().default("acme"),
    concurrency: z.number().default(4),
    /** How long each handler works. */
    jobMs: z.number().default(0),
    /** Claims in batches of this many. */
    batch: z.number().default(1),
    /** Kills this process from inside the handler of a job with this run id. */
    poison: z.string().optional(),
    /** How wrong this process's clock is. */
    clockSkewMs: z.number().default(0),
    untilIdleMs: z.number().default(500),
    /** Handlers write nothing down. */
    quiet: z.boolean().default(false),
  })
  .parse(JSON.parse(process.argv[2] ?? "{}"));

if (plan.clockSkewMs !== 0) {
  const realNow = Date.now;
  const skewed = () => realNow() + plan.clockSkewMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args) => Reflect.construct(target, args.length === 0 ? [skewed()] : args),
    get: (target, name) => (name === "now" ? skewed : Reflect.get(target, name)),
  });
}

async function main(): Promise<void> {
  const { claim } = await import("../../../src/jobs/queue/claim");
  const { drain } = await import("../../../src/jobs/drain");
  const { jobsCollection } = await import("../../../src/jobs/queue/jobs.collection");
  const { closeAllConnections } = await import("../../../src/lib/tenant/tenant.registry");
  const { onlyAutomationRun } = await import("./queue.handlers");
  const effects = (await jobsCollection()).db.collection("effects");

  const claimAll = async (): Promise<void> => {
    for (;;) {
      const { jobs, exhausted } = await claim({
        queue: "crm",
        clientCode: plan.clientCode,
        count: plan.batch,
        workerId: String(process.pid),
      });
      if (jobs.length > 0)
        await effects.insertMany(
          jobs.map(({ id, token }) => ({ job: id.toHexString(), token, pid: process.pid })),
        );
      if (exhausted && jobs.length === 0) return;
    }
  };

  const drainAll = async (): Promise<void> => {
    const handlers = onlyAutomationRun(async (_ctx, payload, job) => {
      if (plan.quiet) {
        await sleep(plan.jobMs);
        return;
      }
      await effects.insertOne({ job: job.id, attempt: job.attempt, phase: "started", pid: process.pid });
      if (payload.runId === plan.poison) process.kill(process.pid, "SIGKILL");
      await sleep(plan.jobMs);
      await effects.insertOne({ job: job.id, attempt: job.attempt, phase: "finished", pid: process.pid });
      return { by: "child" };
    });
    const report = await drain({
      queues: ["crm"],
      concurrency: plan.concurrency,
      dispatch: async () => undefined,
      handlers,
      untilIdleMs: plan.untilIdleMs,
    });
    process.stdout.write(`${JSON.stringify(report)}\n`);
  };

  process.stdout.write("ready\n");
  if (plan.mode === "claim") await Promise.all(Array.from({ length: plan.concurrency }, claimAll));
  else await drainAll();
  await closeAllConnections();
}

void main();
