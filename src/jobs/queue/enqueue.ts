import type { ClientSession } from "mongoose";
import { isCentralSession } from "../../lib/db/central.connection";
import { insertJob } from "./insert.job";
import type { JobName } from "./job.catalog";
import { draftJob, isImmediate, type NewJob } from "./job.draft";
import { ForeignSessionError } from "./job.errors";
import { announce } from "./nudge";

export { cancelJob } from "./cancel";
export { enqueueMany } from "./enqueue.many";
export { hastenJobs } from "./hasten";

export { keysWithJob } from "./keys.with.job";

export interface EnqueueOptions {
  /**
   * Stores the job in this transaction, so that it exists exactly when the transaction commits. Only the session of
   * `inCentralTransaction` is taken.
   */
  readonly session?: ClientSession;
}

export interface Enqueued {
  readonly jobId: string;
  /** False: an unended job with this unique key was there; `jobId` is its id. */
  readonly created: boolean;
  /** What the stored job is now, e.g. `running` for one that was there. */
  readonly state: string;
}

/**
 * Stores a job with majority and lets the poller know of it when it may run at once.
 * @throws ZodError when the payload does not parse, RangeError for contradictory wishes, ForeignSessionError for a
 * session of another client, the driver's error when the central database does not answer.
 */
export async function enqueue<K extends JobName>(
  job: NewJob<K>,
  options: EnqueueOptions = {},
): Promise<Enqueued> {
  const { session } = options;
  if (session && !isCentralSession(session)) throw new ForeignSessionError();
  const draft = draftJob(job);
  const { id, created, state } = await insertJob(draft, job, session);
  if (created && isImmediate(job)) await announce([draft]);
  return { jobId: id.toHexString(), created, state };
}
