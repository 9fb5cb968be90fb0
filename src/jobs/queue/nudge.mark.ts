import { isDuplicateKey } from "./duplicate.key";
import { marksCollection } from "./jobs.collection";

/**
 * Takes the right to nudge a shard's poller (`<queue>:<shard>`): at most one process gets it in `everyMs`, by the server's clock.
 * @returns false when somebody else nudged it a moment ago.
 */
export async function takeNudge(place: string, everyMs: number): Promise<boolean> {
  const marks = await marksCollection();
  try {
    const taken = await marks.updateOne(
      { _id: `nudge:${place}`, $expr: { $lt: ["$at", { $subtract: ["$$NOW", everyMs] }] } },
      [{ $set: { at: "$$NOW", value: { $add: [{ $ifNull: ["$value", 0] }, 1] } } }],
      { upsert: true, maxTimeMS: 500 },
    );
    return taken.modifiedCount + taken.upsertedCount > 0;
  } catch (error) {
    // The mark is there and too young: the upsert ran into it.
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}
