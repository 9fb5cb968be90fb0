import { setTimeout as sleep } from "node:timers/promises";
import { durationMs } from "../../lib/duration/duration";
import { AppError } from "../../lib/errors/app.error";
import { advanceRun } from "../../services/saas/automation/advance.run";
import { actingSchema, type Step } from "../../services/saas/automation/rule.contract";
import { RunLostError } from "../../services/saas/automation/run.lock";
import type { Advance } from "../../services/saas/automation/run.rest";
import { StepFailedInPassing } from "../../services/saas/automation/step.effect";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Clocks differ by less than this; it also keeps a job from coming back at once. */
const leastDelayMs = 250;
/** A step of the same lead takes no longer as a rule: it is worth waiting for on the spot. */
const patienceMs = [20, 40, 80, 160, 320];
/** A holder that died keeps its lock for half a minute; one that lives is done sooner. */
const mostDelayMs = 5_000;

/** Goes on with a run whose delay is over, whose step belongs to the queue, or whose last try failed. */
export const handler: JobHandler<"automation.run"> = async (ctx, { runId }, job) => {
  const options = {
    from: "job",
    lastTry: (step: Step) =>
      job.attempt >= Math.min(job.maxAttempts, retryOf(step)?.maxAttempts ?? job.maxAttempts),
    retried: job.attempt > 1,
  } as const;
  try {
    let advance: Advance = await advanceRun(ctx, runId, options);
    for (const pause of patienceMs) {
      if (advance.kind !== "held" || job.signal.aborted) break;
      await sleep(pause);
      advance = await advanceRun(ctx, runId, options);
    }
    if (advance.kind !== "held" && advance.kind !== "early") return { outcome: advance.kind };
    const left = advance.until.getTime() - ctx.now().getTime();
    // Ended now, this job would leave the run to the sweep.
    throw new RetryLater({
      delayMs: Math.max(leastDelayMs, advance.kind === "held" ? Math.min(left, mostDelayMs) : left),
      countsAttempt: false,
      code: `run-${advance.kind}`,
      detail: "The run cannot go on yet: somebody holds it or its lead, or its time has not come.",
    });
  } catch (error) {
    // An event ended the run, or another worker has it: nothing is left to do here.
    if (error instanceof RunLostError) return { outcome: "not_ours" };
    if (!(error instanceof StepFailedInPassing)) throw error;
    const delay = retryOf(error.step)?.delay;
    const delayMs = askedFor(error.cause) ?? (delay === undefined ? undefined : durationMs(delay));
    if (delayMs === undefined) throw error.cause;
    throw new RetryLater({
      delayMs,
      code: "step-failed",
      detail: "A step of the run failed in passing; its rule says when to try again.",
      cause: error.cause,
    });
  }
};

const retryOf = (step: Step) => actingSchema.safeParse(step).data?.retry;

const mostAskedMs = 60 * 60_000;

/** How long a webhook's server wants us to wait, of which an hour is believed. */
function askedFor(cause: unknown): number | undefined {
  if (!(cause instanceof AppError) || cause.code !== "webhook-unavailable") return undefined;
  const seconds = cause.options.retryAfterSeconds;
  return seconds === undefined ? undefined : Math.min(seconds * 1000, mostAskedMs);
}
