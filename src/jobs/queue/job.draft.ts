/** What becomes a row of `services.jobs`: everything that does not depend on the server's clock or on other jobs. */
import { Types } from "mongoose";
import type { JobRecord } from "../../model/clients/job.schema";
import { type JobName, type JobPayloadInput, jobDefinition, type QueueName } from "./job.catalog";

export interface NewJob<K extends JobName = JobName> {
  readonly type: K;
  /** Holds the client code, beside ids only; parsed by the catalogue's schema. */
  readonly payload: JobPayloadInput<K>;
  /** Of the request or job that causes this one; goes into every log line of it. */
  readonly requestId: string;
  /** Unique among the unended jobs of this type and tenant: enqueueing it again answers the one that is there. */
  readonly key?: string;
  /** Jobs of one key (per tenant) run one at a time, in the order of enqueueing. Excludes `priority`. */
  readonly orderingKey?: string;
  /** Higher first; 0 when absent. */
  readonly priority?: number;
  /** Not before this many ms from now, by the server's clock. */
  readonly delayMs?: number;
  /** Not before this time, by the stack's clock. Excludes `delayMs`. */
  readonly runAt?: Date;
}

/** A job of any type, with the payload that belongs to its type. */
export type AnyNewJob = { [K in JobName]: NewJob<K> }[JobName];

/** The fields known before the server is asked. */
export interface JobDraft
  extends Omit<JobRecord, "queue" | "state" | "runAt" | "createdAt" | "blockedBy" | "head" | "orderingSeq"> {
  queue: QueueName;
}

/**
 * @throws ZodError when the payload does not parse.
 * @throws RangeError for contradictory wishes: a keyed job with a priority, a delay beside a time.
 */
export function draftJob<K extends JobName>(job: NewJob<K>): JobDraft {
  if (job.orderingKey !== undefined && job.priority)
    throw new RangeError(
      `${job.type}: a job with an ordering key has no priority; its key decides when it runs.`,
    );
  if (job.delayMs !== undefined && job.runAt)
    throw new RangeError(`${job.type}: give delayMs or runAt, not both.`);
  const definition = jobDefinition(job.type);
  const payload = definition.payload.parse(job.payload);
  return {
    _id: new Types.ObjectId(),
    clientCode: payload.clientCode,
    queue: definition.queue,
    type: job.type,
    payload,
    payloadVersion: definition.payloadVersion,
    priority: job.priority ?? 0,
    attempts: 0,
    maxAttempts: definition.maxAttempts,
    leaseMs: definition.leaseMs,
    crashes: 0,
    ...(job.key === undefined ? {} : { key: job.key, activeKey: job.key }),
    ...(job.orderingKey === undefined ? {} : { orderingKey: job.orderingKey }),
    failures: [],
    requestId: job.requestId,
  };
}

/** True for a job that may run as soon as somebody looks. */
export function isImmediate(job: Pick<NewJob, "delayMs" | "runAt">): boolean {
  return job.runAt === undefined && (job.delayMs ?? 0) <= 0;
}
