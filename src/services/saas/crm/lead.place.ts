/** Where in a stage's column a lead stands. Ranks are unique per stage, so that every board shows one order. */
import { Types, trusted } from "mongoose";
import { AppError } from "../../../lib/errors/app.error";
import { rankBetween } from "../../../lib/rank/rank";
import type { Change } from "../../../lib/tenant/commit.change";
import { invalidReference } from "./crm.problem";

/** The place asked for: right before one lead, right after one, or, when neither is named, at the top. */
export interface Place {
  readonly beforeId?: string | undefined;
  readonly afterId?: string | undefined;
}

/**
 * The rank for a place in a stage. `moving` is the lead that moves: its own old place does not count.
 * @throws AppError invalid-reference when a neighbour is not in the stage, conflict when the two are in another order.
 */
export async function rankFor(
  change: Change,
  stageId: Types.ObjectId,
  place: Place,
  moving: Types.ObjectId | null,
): Promise<string> {
  const before = place.beforeId ? await rankOf(change, stageId, place.beforeId, "/beforeId", moving) : null;
  const after = place.afterId ? await rankOf(change, stageId, place.afterId, "/afterId", moving) : null;
  if (after !== null && before !== null && after >= before)
    throw new AppError("conflict", "These two leads are in another order by now. Read the stage again.");
  // The other neighbour is looked up, never taken from the caller: somebody may have come in between.
  if (after !== null) return rankBetween(after, await neighbour(change, stageId, moving, { $gt: after }, 1));
  if (before !== null)
    return rankBetween(await neighbour(change, stageId, moving, { $lt: before }, -1), before);
  return rankBetween(null, await neighbour(change, stageId, moving, { $gt: "" }, 1));
}

async function rankOf(
  change: Change,
  stageId: Types.ObjectId,
  id: string,
  pointer: string,
  moving: Types.ObjectId | null,
): Promise<string> {
  const lead = moving?.equals(id)
    ? null
    : await change.models.Lead.findOne({ _id: new Types.ObjectId(id), stageId, deletedAt: null })
        .select({ rank: 1 })
        .session(change.session)
        .lean();
  if (!lead?.rank) throw invalidReference(pointer, "lead of this stage");
  return lead.rank;
}

async function neighbour(
  change: Change,
  stageId: Types.ObjectId,
  moving: Types.ObjectId | null,
  rank: Record<string, string>,
  direction: 1 | -1,
): Promise<string | null> {
  const lead = await change.models.Lead.findOne({
    stageId,
    deletedAt: null,
    rank: trusted({ $gt: "", ...rank }),
    ...(moving ? { _id: trusted({ $ne: moving }) } : {}),
  })
    .sort({ rank: direction })
    .select({ rank: 1 })
    .session(change.session)
    .lean();
  return lead?.rank ?? null;
}
