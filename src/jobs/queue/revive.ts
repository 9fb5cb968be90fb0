import { isDuplicateKey } from "../../lib/db/duplicate.key";
import type { JobRecord } from "../../model/clients/job.schema";
import { endingHeads, lineOf } from "./end.job";
import { jobsCollection } from "./jobs.collection";
import { releaseNext } from "./release";
import { stackNow } from "./server.time";
import { ended } from "./transitions";

/** `twin`: a job with its unique key was enqueued since, which does the same. `gone`: it is not in that state any more. */
export type Revival = "revived" | "twin" | "gone";

/**
 * Gives a dead job all its attempts again. One with an ordering key gets back in line, before those enqueued after it;
 * its last errors stay with it.
 */
export async function reviveJob(
  job: Pick<JobRecord, "_id" | "clientCode" | "orderingKey" | "key">,
): Promise<Revival> {
  const jobs = await jobsCollection();
  const line = lineOf(job);
  const inLine = line.length > 0;
  try {
    const update = await jobs.updateOne({ _id: job._id, state: "dead" }, [
      {
        $set: {
          state: inLine ? "scheduled" : "waiting",
          blockedBy: inLine ? "key" : null,
          attempts: 0,
          crashes: 0,
          runAt: stackNow(),
          ...(job.key === undefined ? {} : { activeKey: "$key" }),
        },
      },
      { $unset: ["finishedAt", "expireAt", "progress", "result"] },
    ]);
    if (update.matchedCount === 0) return "gone";
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return "twin";
  }
  await releaseNext(line);
  return "revived";
}

/** Cancels a job that is not running: dead, waiting, or waiting for its time. @returns false when it is not so any more. */
export async function discardJob(
  job: Pick<JobRecord, "_id" | "clientCode" | "orderingKey">,
): Promise<boolean> {
  const jobs = await jobsCollection();
  const update = await endingHeads(lineOf(job), (session) =>
    jobs.updateOne({ _id: job._id, state: { $in: ["dead", "waiting", "scheduled"] } }, ended("cancelled"), {
      session,
    }),
  );
  return update.matchedCount > 0;
}
