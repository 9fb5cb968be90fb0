import type { ClaimedJob } from "./claim";
import { jobsCollection } from "./jobs.collection";

/** Notes how far a job is, 0 to 1. Fenced: changes nothing once the job is not ours any more. */
export async function reportProgress(job: ClaimedJob, fraction: number): Promise<void> {
  const jobs = await jobsCollection();
  await jobs.updateOne(
    { _id: job.id, token: job.token, state: "running" },
    { $set: { progress: Math.min(1, Math.max(0, fraction)) } },
  );
}
