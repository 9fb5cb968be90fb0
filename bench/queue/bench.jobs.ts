/** The jobs that the benchmark stores and runs: they do nothing, but for their tenant's context. */
import { Types } from "mongoose";
import { drain } from "../../src/jobs/drain";
import { jobHandlers } from "../../src/jobs/handlers";
import { plainRow } from "../../src/jobs/queue/insert.job";
import { draftJob } from "../../src/jobs/queue/job.draft";
import type { JobHandler, JobHandlers } from "../../src/jobs/queue/job.handler";
import { jobsCollection } from "../../src/jobs/queue/jobs.collection";
import type { JobRecord } from "../../src/model/clients/job.schema";

export const dispatch = async () => undefined;
/** Jobs or claims at once, where nothing else is said. */
export const side = 8;
export const tenantCodes = Array.from({ length: 200 }, (_, index) => `q${String(index).padStart(3, "0")}`);
export const codeAt = (index: number): string => tenantCodes[index % tenantCodes.length] ?? "q000";

export function rowFor(clientCode: string): JobRecord {
  const job = {
    type: "automation.run" as const,
    payload: { clientCode, runId: new Types.ObjectId().toHexString() },
    requestId: "bench",
  };
  return plainRow(draftJob(job), {}, new Date());
}

/** Stores waiting jobs, not caring for the journal: how fast that is, is not asked here. */
export async function fill(count: number, codeOf: (index: number) => string): Promise<void> {
  const jobs = await jobsCollection();
  for (let from = 0; from < count; from += 5_000) {
    const rows = Array.from({ length: Math.min(5_000, count - from) }, (_, index) =>
      rowFor(codeOf(from + index)),
    );
    await jobs.insertMany(rows, { ordered: false, writeConcern: { w: 1, journal: false } });
  }
}

export const empty = async () => (await jobsCollection()).deleteMany({});

export const handlersOf = (handler: JobHandler<"automation.run">): JobHandlers => ({
  ...jobHandlers,
  "automation.run": async () => handler,
});

/** Runs all that wait, until nothing is left. @throws Error when it stopped before that: its rate would mean nothing */
export async function drainAll(concurrency: number, handler: JobHandler<"automation.run">): Promise<void> {
  const handlers = handlersOf(handler);
  await drain({ queues: ["crm"], concurrency, dispatch, handlers, untilIdleMs: 0 });
  const left = await (await jobsCollection()).countDocuments({ state: { $ne: "done" } });
  if (left > 0) throw new Error(`The drain ended with ${left} jobs left.`);
}
