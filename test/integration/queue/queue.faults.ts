/** What the fault tests of the queue share: jobs to lose, processes to kill, and what is left to count. */
import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import { enqueueMany } from "../../../src/jobs/queue/enqueue";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { type QueueChild, startQueueChild } from "./queue.child";

const children: QueueChild[] = [];

/** Starts a process on this file's databases; `endChildren` ends it at the latest. */
export function startChild(
  plan: Record<string, unknown>,
  environment: Record<string, string> = {},
): QueueChild {
  const child = startQueueChild(plan, environment);
  children.push(child);
  return child;
}

/** Kills what a test started. */
export async function endChildren(): Promise<void> {
  for (const child of children) child.process.kill("SIGKILL");
  await Promise.all(children.map(({ ended }) => ended));
  children.length = 0;
}

/**
 * Enqueues jobs of tenant `acme` with a lease short enough for a test.
 * @param over fields of each job, or how to make them from its number.
 * @returns their run ids.
 */
export async function give(
  count: number,
  leaseMs = 30_000,
  over: object | ((number: number) => object) = {},
): Promise<string[]> {
  const list = Array.from({ length: count }, (_, number) => ({
    type: "automation.run" as const,
    payload: { clientCode: "acme", runId: new Types.ObjectId().toHexString() },
    requestId: "test",
    ...(typeof over === "function" ? over(number) : over),
  }));
  await enqueueMany(list);
  await (await jobsCollection()).updateMany({}, { $set: { leaseMs } });
  return list.map(({ payload }) => payload.runId);
}

/** What the children's handlers and claimers wrote down. */
export const effects = async () => (await jobsCollection()).db.collection("effects");

export const countOf = async (filter: object) => (await jobsCollection()).countDocuments(filter);

/** Forgets all jobs and effects. */
export async function forgetAll(): Promise<void> {
  await (await jobsCollection()).deleteMany({});
  await (await effects()).deleteMany({});
}

/** Waits until it is so. @throws Error saying what did not come. */
export async function until(what: string, isSo: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`It did not come to this in ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}
