/** A merged lead's places in broadcasts: of two that become one person, the place with a message stays. */
import { trusted } from "mongoose";
import type { Change } from "../../../lib/tenant/commit.change";
import type { Move } from "./merge.runs";

/** Moves up to `limit` of them. @returns how many; fewer than `limit` means all. */
export async function moveRecipients(change: Change, move: Move, limit: number): Promise<number> {
  const { BroadcastRecipient } = change.models;
  const { session } = change;
  const rows = await BroadcastRecipient.find({ leadId: move.from }).limit(limit).session(session).lean();
  if (rows.length === 0) return 0;
  const there = await BroadcastRecipient.find({
    leadId: move.to,
    broadcastId: trusted({ $in: rows.map(({ broadcastId }) => broadcastId) }),
  })
    .session(session)
    .lean();
  const ofBroadcast = new Map(there.map((row) => [String(row.broadcastId), row]));
  const operations = rows.flatMap((row) => {
    const twin = ofBroadcast.get(String(row.broadcastId));
    const moved = { updateOne: { filter: { _id: row._id }, update: { $set: { leadId: move.to } } } };
    if (!twin) return [moved];
    return row.state === "sent" && twin.state !== "sent"
      ? [{ deleteOne: { filter: { _id: twin._id } } }, moved]
      : [{ deleteOne: { filter: { _id: row._id } } }];
  });
  await BroadcastRecipient.collection.bulkWrite(operations, { session });
  return rows.length;
}
