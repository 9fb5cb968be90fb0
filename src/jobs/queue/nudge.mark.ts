import { randomInt } from "node:crypto";
import { marksCollection } from "./jobs.collection";

const never = new Date(0);

/**
 * Takes the right to nudge a shard's poller (`<queue>:<shard>`): at most one process gets it in `everyMs`, by the
 * server's clock. A mark that is old enough, or not there, takes our number; otherwise it keeps its own.
 * @returns false when somebody else nudged it a moment ago.
 */
export async function takeNudge(place: string, everyMs: number): Promise<boolean> {
  const marks = await marksCollection();
  const number = randomInt(2 ** 47);
  const old = { $lt: [{ $ifNull: ["$at", never] }, { $subtract: ["$$NOW", everyMs] }] };
  const mark = await marks.findOneAndUpdate(
    { _id: `nudge:${place}` },
    [
      {
        $set: {
          value: { $cond: [old, number, "$value"] },
          at: { $cond: [old, "$$NOW", "$at"] },
        },
      },
    ],
    { upsert: true, returnDocument: "after", maxTimeMS: 500 },
  );
  return mark?.value === number;
}
