import { isDuplicateKey } from "./duplicate.key";
import { marksCollection } from "./jobs.collection";

/**
 * Takes the right to nudge a shard's poller (`<queue>:<shard>`): at most one process gets it in `everyMs`, by the server's clock.
 * @returns false when somebody else nudged it a moment ago.
 */
export async function takeNudge(place: string, everyMs: number): Promise<boolean> {
  const marks = await marksCollection();
  // A mark that is too young is left as it is, which counts as no modification. ($expr cannot go with an upsert.)
  const due = { $lt: ["$at", { $subtract: ["$$NOW", everyMs] }] };
  try {
    const taken = await marks.updateOne(
      { _id: `nudge:${place}` },
      [
        {
          $set: {
            at: { $cond: [due, "$$NOW", "$at"] },
            value: { $add: [{ $ifNull: ["$value", 0] }, { $cond: [due, 1, 0] }] },
          },
        },
      ],
      { upsert: true, maxTimeMS: 500 },
    );
    return taken.modifiedCount + taken.upsertedCount > 0;
  } catch (error) {
    // Two made the mark at once; the other has the right.
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}
