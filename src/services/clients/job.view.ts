import type { JobDetail, JobView } from "../../contracts/job.contract";
import type { JobError, JobRecord } from "../../model/clients/job.schema";
import type { PlatformAuditRecord } from "../../model/clients/platform.schema";

const timeOf = (at: Date | undefined): string | null => at?.toISOString() ?? null;
const toError = ({ at, code, detail }: JobError) => ({ at: at.toISOString(), code, detail });

/** A job as lists show it. */
export function toJobView(job: JobRecord): JobView {
  return {
    id: job._id.toHexString(),
    clientCode: job.clientCode,
    queue: job.queue,
    type: job.type,
    state: job.state,
    blockedBy: job.blockedBy,
    priority: job.priority,
    attempts: job.attempts,
    maxAttempts: job.maxAttempts,
    crashes: job.crashes,
    runAt: job.runAt.toISOString(),
    createdAt: job.createdAt.toISOString(),
    startedAt: timeOf(job.startedAt),
    finishedAt: timeOf(job.finishedAt),
    lastError: job.lastError ? toError(job.lastError) : null,
  };
}

/** A job with everything that is known of it, and what admins did to it. */
export function toJobDetail(job: JobRecord, acts: readonly PlatformAuditRecord[]): JobDetail {
  return {
    ...toJobView(job),
    payload: job.payload,
    key: job.key ?? null,
    orderingKey: job.orderingKey ?? null,
    workerId: job.workerId ?? null,
    leaseUntil: timeOf(job.leaseUntil),
    cancelRequestedAt: timeOf(job.cancelRequestedAt),
    progress: job.progress ?? null,
    result: job.result ?? null,
    errors: (job.failures ?? []).map(toError),
    history: historyOf(job, acts),
    requestId: job.requestId,
  };
}

function historyOf(job: JobRecord, acts: readonly PlatformAuditRecord[]): JobDetail["history"] {
  const events: { at: Date; what: string }[] = [
    { at: job.createdAt, what: "enqueued" },
    ...(job.failures ?? []).map(({ at, code }) => ({ at, what: `failed: ${code}` })),
    ...acts.map(({ at, action, actor }) => ({ at, what: `${action} by ${actor.id}` })),
    ...(job.startedAt ? [{ at: job.startedAt, what: `attempt ${job.attempts} started` }] : []),
    ...(job.finishedAt ? [{ at: job.finishedAt, what: job.state }] : []),
  ];
  return events
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .map(({ at, what }) => ({ at: at.toISOString(), what }));
}
