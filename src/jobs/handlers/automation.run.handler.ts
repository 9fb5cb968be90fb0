import { advanceRun } from "../../services/saas/automation/advance.run";
import { RunLostError } from "../../services/saas/automation/run.lock";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Clocks differ by less than this; it also keeps a job from coming back at once. */
const leastDelayMs = 250;

/** Goes on with a run whose delay is over, whose step belongs to the queue, or whose last try failed. */
export const handler: JobHandler<"automation.run"> = async (ctx, { runId }, job) => {
  try {
    const advance = await advanceRun(ctx, runId, { from: "job", lastTry: job.attempt >= job.maxAttempts });
    if (advance.kind !== "held" && advance.kind !== "early") return { outcome: advance.kind };
    // Ended now, this job would leave the run to the sweep.
    throw new RetryLater({
      delayMs: Math.max(leastDelayMs, advance.until.getTime() - ctx.now().getTime()),
      countsAttempt: false,
      code: `run-${advance.kind}`,
      detail: "The run cannot go on yet: somebody holds it, or its time has not come.",
    });
  } catch (error) {
    // An event ended the run, or another worker has it: nothing is left to do here.
    if (error instanceof RunLostError) return { outcome: "not_ours" };
    throw error;
  }
};
