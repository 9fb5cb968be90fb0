import { clockOffsetMs } from "../../lib/clock/clock";
import { jobsCollection } from "./jobs.collection";

/** How long until the next scheduled job is due, in ms, by this process's clock: only to decide how long to stay. */
export async function nextDueInMs(): Promise<number> {
  const jobs = await jobsCollection();
  const [next] = await jobs
    .find({ state: "scheduled", blockedBy: null })
    .project<{ runAt: Date }>({ runAt: 1 })
    .sort({ runAt: 1 })
    .hint("due")
    .limit(1)
    .toArray();
  return next ? next.runAt.getTime() - (Date.now() + clockOffsetMs()) : Number.POSITIVE_INFINITY;
}
