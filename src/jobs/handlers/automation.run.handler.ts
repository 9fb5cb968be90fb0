import { advanceRun } from "../../services/saas/automation/advance.run";
import { RunLostError } from "../../services/saas/automation/run.lock";
import type { JobHandler } from "../queue/job.handler";

/** Goes on with a run whose delay is over, whose step belongs to the queue, or whose last try failed. */
export const handler: JobHandler<"automation.run"> = async (ctx, { runId }, job) => {
  try {
    const advance = await advanceRun(ctx, runId, { from: "job", lastTry: job.attempt >= job.maxAttempts });
    return { outcome: advance.kind };
  } catch (error) {
    // An event ended the run, or another worker has it: nothing is left to do here.
    if (error instanceof RunLostError) return { outcome: "not_ours" };
    throw error;
  }
};
