import { type JobName, jobDefinition } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";
import { announce } from "./nudge";

/**
 * Makes jobs run now that were put off, by their unique keys: what they waited for has come. Those behind another of
 * their ordering key stay there, and a parked one stays parked.
 * @returns how many were put off.
 */
export async function hastenJobs(
  clientCode: string,
  type: JobName,
  keys: readonly string[],
): Promise<number> {
  if (keys.length === 0) return 0;
  const jobs = await jobsCollection();
  const { modifiedCount } = await jobs.updateMany(
    { clientCode, type, activeKey: { $in: [...keys] }, state: "scheduled", blockedBy: null },
    { $set: { state: "waiting" } },
    { hint: "active" },
  );
  if (modifiedCount > 0) await announce([{ queue: jobDefinition(type).queue, clientCode }]);
  return modifiedCount;
}
