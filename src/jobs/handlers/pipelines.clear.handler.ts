import { clearPipeline } from "../../services/saas/crm/pipeline.clear";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Some seconds of emptying deleted stages, then to the end of the queue. */
export const handler: JobHandler<"pipelines.clear"> = async (ctx, { pipelineId }, job) => {
  if (await clearPipeline(ctx, pipelineId, job)) return;
  throw new RetryLater({
    code: "more-leads",
    detail: "There are more leads.",
    delayMs: 0,
    countsAttempt: false,
  });
};
