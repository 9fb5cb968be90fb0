import { jobHandlers } from "../../../src/jobs/handlers";
import type { JobHandler, JobHandlers } from "../../../src/jobs/queue/job.handler";

/** Handlers with one replaced: the queue's own tests run the smallest job of the catalogue, and no other. */
export function onlyAutomationRun(handler: JobHandler<"automation.run">): JobHandlers {
  return { ...jobHandlers, "automation.run": async () => handler };
}
