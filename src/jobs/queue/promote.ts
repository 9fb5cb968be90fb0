import type { Types } from "mongoose";
import { jobsCollection } from "./jobs.collection";
import { stackNow } from "./server.time";

const slice = 500;

/**
 * Makes scheduled jobs whose time has come waiting, the longest due first, in slices. Times are the server's (plus the
 * stack's offset), so a worker with a wrong clock starts nothing early.
 * @returns how many became waiting.
 */
export async function promoteDue(): Promise<number> {
  const jobs = await jobsCollection();
  let promoted = 0;
  for (;;) {
    const due = await jobs
      .find({ state: "scheduled", blockedBy: null, $expr: { $lte: ["$runAt", stackNow()] } })
      .project<{ _id: Types.ObjectId }>({ _id: 1 })
      .sort({ runAt: 1 })
      .hint("due")
      .limit(slice)
      .toArray();
    if (due.length === 0) return promoted;
    const update = await jobs.updateMany(
      {
        _id: { $in: due.map(({ _id }) => _id) },
        state: "scheduled",
        blockedBy: null,
        $expr: { $lte: ["$runAt", stackNow()] },
      },
      { $set: { state: "waiting" } },
    );
    promoted += update.modifiedCount;
    if (due.length < slice) return promoted;
  }
}
