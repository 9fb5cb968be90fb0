/**
 * A job whose type is paused waits parked, out of the claims' way. So does one whose type or payload version this
 * build does not know: a newer release put it there, and a worker of that release will take it. It never fails for that.
 */
import type { ClaimedJob } from "./claim";
import { jobNames } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";
import { readSteering, unparkType } from "./steering";
import { heldFields } from "./transitions";

/** Parks a job in hand; the attempt is given back. @returns false when it is not ours any more. */
export async function park(job: ClaimedJob): Promise<boolean> {
  const jobs = await jobsCollection();
  const update = await jobs.updateOne({ _id: job.id, token: job.token, state: "running" }, [
    {
      $set: {
        state: "scheduled",
        blockedBy: "type",
        attempts: { $max: [0, { $subtract: ["$attempts", 1] }] },
      },
    },
    { $unset: [...heldFields] },
  ]);
  return update.matchedCount > 0;
}

/** Lets parked jobs go whose type and version this build knows and whose type is not paused. @returns how many. */
export async function unpark(): Promise<number> {
  const jobs = await jobsCollection();
  const parked = await jobs.findOne({ blockedBy: "type" }, { projection: { _id: 1 }, hint: "parked" });
  if (!parked) return 0;
  const steering = await readSteering();
  let freed = 0;
  for (const type of jobNames) if (!steering.isPaused(`type:${type}`)) freed += await unparkType(type);
  return freed;
}
