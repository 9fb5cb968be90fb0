import type { ClaimedJob } from "./claim";
import { jobsCollection } from "./jobs.collection";
import { waitingNow } from "./transitions";

/**
 * Puts jobs back among the waiting as if they had not been claimed: unstarted ones when a runner stops, and those of
 * a tenant that may not run now. Fenced; the attempt is given back too.
 * @returns how many were still ours.
 */
export async function giveBack(held: readonly ClaimedJob[]): Promise<number> {
  if (held.length === 0) return 0;
  const jobs = await jobsCollection();
  const update = await jobs.bulkWrite(
    held.map(({ id, token }) => ({
      updateOne: {
        filter: { _id: id, token, state: "running" as const },
        update: waitingNow({ attempts: { $max: [0, { $subtract: ["$attempts", 1] }] } }),
      },
    })),
    { ordered: false },
  );
  return update.matchedCount;
}
