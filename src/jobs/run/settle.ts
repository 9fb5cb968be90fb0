import { AppError } from "../../lib/errors/app.error";
import type { Logger } from "../../lib/log/logger";
import { backOffMs } from "../queue/back.off";
import type { ClaimedJob } from "../queue/claim";
import { cancelForGood, cancelOwn, die, retryLater, type SentenceOfFailure } from "../queue/fail";
import { giveBack } from "../queue/give.back";
import { isJobName, jobDefinition } from "../queue/job.catalog";
import { JobFailedForGood, RetryLater } from "../queue/job.errors";
import { park } from "../queue/park";
import { JobStopped, type StopReason } from "./hand";
import { ParkJob, TenantGone } from "./run.job";

/** What became of an attempt. `lost`: somebody else has the job, nothing was written. */
export type Outcome = "done" | "retried" | "dead" | "cancelled" | "parked" | "given-back" | "lost";

/** A tenant that cannot be worked for now: its jobs wait this long before this runner asks again. */
export const tenantRestMs = 5_000;
const unavailableRetryMs = 15_000;

/** Our sentence for what a handler threw; a stranger's message never gets into the central database. */
function sentenceOf(error: unknown): SentenceOfFailure {
  if (error instanceof RetryLater || error instanceof JobFailedForGood)
    return { code: error.code, detail: error.detail };
  if (error instanceof AppError) return { code: error.code, detail: error.detail };
  const name = error instanceof Error ? error.name : typeof error;
  return {
    code: "unexpected",
    detail: `The handler failed with ${name}; the log has where, under this job's id.`,
  };
}

const or = (ours: boolean, outcome: Outcome): Outcome => (ours ? outcome : "lost");

/** Writes what follows from a handler's failure, fenced by the job's token. */
export async function settleFailure(
  job: ClaimedJob,
  error: unknown,
  stopped: StopReason | undefined,
  logger: Logger,
): Promise<Outcome> {
  if (stopped === "lost") return "lost";
  if (stopped === "cancelled") return or(await cancelOwn(job), "cancelled");
  if (stopped === "stopping" || error instanceof JobStopped)
    return or((await giveBack([job])) > 0, "given-back");
  if (error instanceof ParkJob) {
    logger.warn(`The job is parked. ${error.message}`, { version: job.payloadVersion });
    return or(await park(job), "parked");
  }
  if (error instanceof TenantGone) {
    logger.warn("The job is cancelled: its tenant has left.");
    return or(await cancelForGood(job, { code: "tenant-gone", detail: "Its tenant has left." }), "cancelled");
  }
  if (error instanceof AppError && error.code === "client-suspended")
    return or((await giveBack([job])) > 0, "given-back");

  const failure = sentenceOf(error);
  const policy = isJobName(job.type) ? jobDefinition(job.type) : undefined;
  const pause = policy ? backOffMs(job.attempt, policy) : unavailableRetryMs;
  if (error instanceof AppError && error.code === "tenant-database-unavailable") {
    logger.warn("The tenant's database does not answer; the job waits without using an attempt.");
    const delayMs = unavailableRetryMs * (0.5 + Math.random());
    return or(await retryLater(job, failure, { delayMs, countsAttempt: false }), "retried");
  }
  const later = error instanceof RetryLater ? error : undefined;
  const countsAttempt = later?.countsAttempt ?? true;
  if (error instanceof JobFailedForGood || (countsAttempt && job.attempt >= job.maxAttempts)) {
    logger.error("The job is dead; somebody has to look at it.", { code: failure.code }, error);
    return or(await die(job, failure), "dead");
  }
  if (later) logger.info("The job waits and is tried again.", { code: failure.code });
  else logger.warn("The job failed and is tried again.", { code: failure.code }, error);
  return or(await retryLater(job, failure, { delayMs: later?.delayMs ?? pause, countsAttempt }), "retried");
}
