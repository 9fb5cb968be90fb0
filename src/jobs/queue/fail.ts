import type { JobError } from "../../model/clients/job.schema";
import { raiseDeadJobAlert } from "./alert.dead.job";
import type { ClaimedJob } from "./claim";
import { endingHeads, lineOf } from "./end.job";
import { jobsCollection } from "./jobs.collection";
import { stackNowPlus } from "./server.time";
import { ended, noted, scheduledAt } from "./transitions";

export type SentenceOfFailure = Pick<JobError, "code" | "detail">;

const given = { $max: [0, { $subtract: ["$attempts", 1] }] };
const own = (job: ClaimedJob) => ({ _id: job.id, token: job.token, state: "running" as const });

/** Ends a job whose cancellation was asked for while it ran. @returns false when it is not ours any more. */
export async function cancelOwn(job: ClaimedJob): Promise<boolean> {
  const jobs = await jobsCollection();
  const update = await endingHeads(lineOf(job), (session) =>
    jobs.updateOne({ ...own(job), cancelRequestedAt: { $exists: true } }, ended("cancelled"), { session }),
  );
  return update.matchedCount > 0;
}

/** Ends a job that nobody will ever be able to do, and no person has to look at. @returns false when it is not ours any more. */
export async function cancelForGood(job: ClaimedJob, reason: SentenceOfFailure): Promise<boolean> {
  const jobs = await jobsCollection();
  const update = await endingHeads(lineOf(job), (session) =>
    jobs.updateOne(own(job), ended("cancelled", noted(reason)), { session }),
  );
  return update.matchedCount > 0;
}

/**
 * Puts a job off by `delayMs` after a failed attempt; the head of a line stays its head, so its successors wait.
 * @returns false when it is not ours any more: then nothing was changed.
 */
export async function retryLater(
  job: ClaimedJob,
  failure: SentenceOfFailure,
  options: { delayMs: number; countsAttempt: boolean },
): Promise<boolean> {
  const jobs = await jobsCollection();
  const fields = { ...noted(failure), ...(options.countsAttempt ? {} : { attempts: given }) };
  const update = await jobs.updateOne(
    { ...own(job), cancelRequestedAt: { $exists: false } },
    scheduledAt(stackNowPlus(options.delayMs), fields),
  );
  return update.matchedCount > 0 || cancelOwn(job);
}

/** Ends a job as dead and raises an alert. @returns false when it is not ours any more. */
export async function die(job: ClaimedJob, failure: SentenceOfFailure): Promise<boolean> {
  const jobs = await jobsCollection();
  const update = await endingHeads(lineOf(job), (session) =>
    jobs.updateOne(own(job), ended("dead", noted(failure)), { session }),
  );
  if (update.matchedCount === 0) return false;
  await raiseDeadJobAlert(job, failure.detail);
  return true;
}
