import type { ClientSession } from "mongoose";
import { createTenantContext } from "../../lib/context/create.context";
import type { EventDispatcher } from "../../lib/context/tenant.context";
import { AppError } from "../../lib/errors/app.error";
import { failpoint } from "../../lib/failpoint/failpoint";
import { mintClientCode } from "../../lib/tenant/client.code";
import { withTenant } from "../../lib/tenant/tenant.registry";
import type { ClaimedJob } from "../queue/claim";
import { completeInside } from "../queue/complete";
import { isJobName, type JobName, jobDefinition } from "../queue/job.catalog";
import { JobFailedForGood } from "../queue/job.errors";
import type { JobHandlers, JobResult } from "../queue/job.handler";
import { reportProgress } from "../queue/progress";
import { JobStopped } from "./hand";

/** Thrown for a job that cannot run here and now whatever it holds: its type is paused, or of a newer release. */
export class ParkJob extends Error {
  override readonly name = "ParkJob";
}

/** Thrown for a job whose tenant has left: nobody will ever be able to do it. */
export class TenantGone extends Error {
  override readonly name = "TenantGone";
}

export interface RunPorts {
  readonly handlers: JobHandlers;
  readonly dispatch: EventDispatcher;
}

export interface JobRun {
  readonly result: JobResult;
  /** The handler marked it done itself, in a transaction of its own. */
  readonly completed: boolean;
}

/**
 * Does one claimed job: payload, tenant, handler. The claim is one of the places where a client code is minted, from
 * the payload that was parsed.
 * @returns what the handler returned, and whether it marked the job done itself.
 * @throws ParkJob, TenantGone, JobFailedForGood for a payload that does not parse, and whatever the handler throws.
 */
export async function runJob(job: ClaimedJob, signal: AbortSignal, ports: RunPorts): Promise<JobRun> {
  if (!isJobName(job.type) || job.payloadVersion > jobDefinition(job.type).payloadVersion)
    throw new ParkJob(`${job.type} v${job.payloadVersion} is not in this build.`);
  return runTyped(job.type, job, signal, ports);
}

async function runTyped<K extends JobName>(
  type: K,
  job: ClaimedJob,
  signal: AbortSignal,
  { handlers, dispatch }: RunPorts,
): Promise<JobRun> {
  const parsed = jobDefinition(type).payload.safeParse(job.payload);
  if (!parsed.success) {
    const places = parsed.error.issues.map(
      ({ path, message }) => `${path.join(".") || "payload"}: ${message}`,
    );
    throw new JobFailedForGood("payload-invalid", `The payload is not one of ${type}. ${places.join("; ")}`);
  }
  const clientCode = mintClientCode(parsed.data.clientCode);
  const handler = await handlers[type]();
  const ctx = createTenantContext({
    clientCode,
    actor: { type: "system", id: `job:${type}` },
    requestId: job.requestId,
    dispatch,
  });
  let completed = false;
  const completeWith = async (session: ClientSession, result?: JobResult) => {
    // A transaction may be run again as a whole; only what its last run came to counts.
    completed = false;
    if (!(await completeInside({ job, ...(result ? { result } : {}) }, session)))
      throw new JobStopped("lost");
    completed = true;
  };
  let begun = false;
  const work = async () => {
    begun = true;
    return handler(ctx, parsed.data, {
      id: job.id.toHexString(),
      attempt: job.attempt,
      maxAttempts: job.maxAttempts,
      signal,
      progress: (fraction) => reportProgress(job, fraction),
      completeWith,
    });
  };
  const result = await withTenant(clientCode, work).catch((error: unknown) => {
    if (!begun && error instanceof AppError && error.code === "not-found") throw new TenantGone();
    throw error;
  });
  failpoint("before-complete");
  return { result: result ?? undefined, completed };
}
