/** Jobs as the platform team sees them and what it does to them; every act is in the audit before it is done. */
import { Types, trusted } from "mongoose";
import {
  type JobActs,
  type JobDetail,
  type JobFilter,
  type JobView,
  jobStateNames,
  type ListJobs,
} from "../../contracts/job.contract";
import { closeDeadJobAlerts } from "../../jobs/queue/alert.dead.job";
import { queueNames } from "../../jobs/queue/job.catalog";
import { announce } from "../../jobs/queue/nudge";
import { discardJob as discard, reviveJob } from "../../jobs/queue/revive";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { type Page, pageOf } from "../../lib/query/page";
import type { JobRecord } from "../../model/clients/job.schema";
import { toJobDetail, toJobView } from "./job.view";
import { auditPlatformAct } from "./platform.audit.service";

const newestFirst = { _id: -1 } as const;

/** The filter of a list, such that an index of few keys serves it whatever was done before. */
function filterOf({ clientCode, state, queue, type }: Partial<ListJobs>): Record<string, unknown> {
  return {
    ...(clientCode === undefined ? {} : { clientCode, state: trusted({ $in: [...jobStateNames] }) }),
    ...(state === undefined ? {} : { state }),
    // Every running job has a lease, and its index holds nothing else.
    ...(state === "running" && clientCode === undefined ? { leaseUntil: trusted({ $gt: new Date(0) }) } : {}),
    ...(queue === undefined ? {} : { queue }),
    ...(type === undefined ? {} : { type }),
  };
}

/** Jobs, newest first. @throws AppError invalid-cursor */
export async function listJobs(query: ListJobs): Promise<Page<JobView>> {
  const { Job } = await getCentralModels();
  const page = await pageOf({ clientCode: null }, Job, {
    route: "listJobs",
    query,
    filter: filterOf(query),
    sort: newestFirst,
  });
  return { ...page, data: page.data.map(toJobView) };
}

async function find(id: string): Promise<JobRecord> {
  const { Job } = await getCentralModels();
  const job = Types.ObjectId.isValid(id) ? await Job.findById(id).lean<JobRecord>() : null;
  if (!job)
    throw new AppError("not-found", "There is no such job; those that are done leave after seven days.");
  return job;
}

/** One job with its history and errors. @throws AppError not-found */
export async function getJob(id: string): Promise<JobDetail> {
  const job = await find(id);
  const { PlatformAudit } = await getCentralModels();
  const acts = await PlatformAudit.find({
    clientCode: job.clientCode,
    at: trusted({ $gte: job.createdAt }),
    "detail.jobId": id,
  }).lean();
  return toJobDetail(job, acts);
}

/**
 * Gives a dead job all its attempts again.
 * @throws AppError not-found, invalid-state when it is not dead, duplicate when a job with its unique key was enqueued since.
 */
export async function retryJob(ctx: PlatformContext, id: string): Promise<JobDetail> {
  const job = await find(id);
  await audit(ctx, "job.retry", job);
  if (!(await reviveAndTell([job], true))) throw refusal(await getJob(id), "retried", "dead");
  return getJob(id);
}

/**
 * Cancels a job that is dead or has not started.
 * @throws AppError not-found, invalid-state when it runs or has ended.
 */
export async function discardJob(ctx: PlatformContext, id: string): Promise<JobDetail> {
  const job = await find(id);
  await audit(ctx, "job.discard", job);
  if (!(await discard(job))) throw refusal(await getJob(id), "discarded", "dead or not started");
  await closeDeadJobAlerts([job]);
  return getJob(id);
}

/** Retries dead jobs, the newest first. */
export async function retryJobs(ctx: PlatformContext, filter: JobFilter): Promise<JobActs> {
  const dead = await deadJobs(ctx, "job.retry-many", filter);
  const acted = await reviveAndTell(dead, false);
  return { acted, skipped: dead.length - acted, more: acted > 0 && dead.length === filter.limit };
}

/** Discards dead jobs, the newest first. */
export async function discardJobs(ctx: PlatformContext, filter: JobFilter): Promise<JobActs> {
  const dead = await deadJobs(ctx, "job.discard-many", filter);
  let acted = 0;
  for (const job of dead) if (await discard(job)) acted += 1;
  await closeDeadJobAlerts(dead);
  return { acted, skipped: dead.length - acted, more: acted > 0 && dead.length === filter.limit };
}

/** The dead jobs of a filter, and the act in the audit. */
async function deadJobs(
  ctx: PlatformContext,
  action: string,
  { limit, ...filter }: JobFilter,
): Promise<JobRecord[]> {
  await auditPlatformAct(ctx, {
    action,
    clientCode: filter.clientCode ?? null,
    detail: { ...filter, limit },
  });
  const { Job } = await getCentralModels();
  return Job.find(filterOf({ ...filter, state: "dead" }))
    .sort(newestFirst)
    .limit(limit)
    .lean<JobRecord[]>();
}

/** @param strict a twin is an error. @returns how many were revived. */
async function reviveAndTell(jobs: readonly JobRecord[], strict: boolean): Promise<number> {
  const revived: JobRecord[] = [];
  for (const job of jobs) {
    const outcome = await reviveJob(job);
    if (outcome === "revived") revived.push(job);
    if (strict && outcome === "twin")
      throw new AppError(
        "duplicate",
        "A job with the same unique key was enqueued since and does the same. Discard this one.",
      );
  }
  await closeDeadJobAlerts(revived);
  await announce(
    revived.flatMap(({ queue, clientCode }) => {
      const known = queueNames.find((name) => name === queue);
      return known ? [{ queue: known, clientCode }] : [];
    }),
  );
  return revived.length;
}

async function audit(ctx: PlatformContext, action: string, job: JobRecord): Promise<void> {
  const detail = { jobId: job._id.toHexString(), type: job.type };
  await auditPlatformAct(ctx, { action, clientCode: job.clientCode, detail });
}

function refusal(job: JobDetail, wanted: string, needed: string): AppError {
  return new AppError(
    "invalid-state",
    `The job is ${job.state}; only one that is ${needed} can be ${wanted}.`,
  );
}
