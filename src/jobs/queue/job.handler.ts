import type { ClientSession } from "mongoose";
import type { TenantContext } from "../../lib/context/tenant.context";
import type { JobName, JobPayload } from "./job.catalog";

/** What a handler knows of its own job. */
export interface JobInHand {
  /** Stable over all attempts: part of any key that makes an outside effect happen once. */
  readonly id: string;
  /** 1 at the first attempt. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Aborted when the job was taken away (its lease ran out), cancelled, or the runner stops. Pass it on to fetch. */
  readonly signal: AbortSignal;
  /** Tells how far the work is, 0 to 1. Fenced: once the job was taken away it changes nothing. */
  progress(fraction: number): Promise<void>;
  /**
   * Marks the job done in this transaction of the central database, so that what a handler writes there and its job's
   * end are both stored or neither. Call it as the last thing of `inCentralTransaction`, and return after that; the
   * result is the one given here.
   * @throws ForeignSessionError for any other session, and JobStopped when the job is not ours any more: let it out of
   * the transaction, which then stores nothing.
   */
  completeWith(session: ClientSession, result?: JobResult): Promise<void>;
}

/** What a handler may leave with its job: ids and counts. */
export type JobResult = Readonly<Record<string, unknown>> | undefined;

/**
 * Does one job. It may run more than once (at least once is the promise), so its effects are protected by unique rows
 * of the tenant's database. What it returns is kept as the job's result: ids and counts only.
 * @throws RetryLater, JobFailedForGood, or anything else: then the job is tried again after its back-off.
 */
export type JobHandler<K extends JobName> = (
  ctx: TenantContext,
  payload: JobPayload<K>,
  job: JobInHand,
) => Promise<JobResult> | Promise<void>;

/** A handler per job of the catalogue, loaded when its first job comes. */
export type JobHandlers = { readonly [K in JobName]: () => Promise<JobHandler<K>> };
