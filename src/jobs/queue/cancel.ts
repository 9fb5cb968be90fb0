import { endingHeads, lineOf } from "./end.job";
import type { JobName } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";
import { stackNow } from "./server.time";
import { ended } from "./transitions";

/**
 * Cancels the unended job with this unique key. One that has not started ends at once; a running one is told by its
 * AbortSignal and ends as `cancelled` unless it finishes first.
 * @returns false when there is no unended job with this key.
 */
export async function cancelJob(clientCode: string, type: JobName, key: string): Promise<boolean> {
  const jobs = await jobsCollection();
  // Each further turn means that the job was put off, given back or claimed between the two statements.
  for (;;) {
    const row = await jobs.findOne({ clientCode, type, activeKey: key });
    if (!row) return false;
    const notRunning = { _id: row._id, state: { $in: ["waiting" as const, "scheduled" as const] } };
    const cancelled = await endingHeads(lineOf(row), (session) =>
      jobs.updateOne(notRunning, ended("cancelled"), { session }),
    );
    if (cancelled.matchedCount > 0) return true;
    const asked = await jobs.updateOne({ _id: row._id, state: "running" }, [
      { $set: { cancelRequestedAt: stackNow() } },
    ]);
    if (asked.matchedCount > 0) return true;
  }
}
