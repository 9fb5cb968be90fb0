/** Where in a stage's column a lead stands. Ranks are unique per stage, so that every board shows one order. */
import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import type { FollowedRow } from "../../../lib/query/page";
import { longestRank, rankBetween } from "../../../lib/rank/rank";
import type { Change } from "../../../lib/tenant/commit.change";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { invalidReference } from "./crm.problem";
import { type Gap, makeRoom, type Standing } from "./rank.room";
import { spreadLater } from "./stage.spread";

/** The place asked for: right before one lead, right after one, or, when neither is named, at the top. */
export interface Place {
  readonly beforeId?: string | undefined;
  readonly afterId?: string | undefined;
}

/**
 * Pages of a column go on behind the lead they ended with, also when ranks were spread anew meanwhile: that does not
 * raise its version. A lead that somebody moved is not followed to where it went.
 */
export function followedRank({ Lead }: Pick<CrmModels, "Lead">): FollowedRow {
  return {
    fields: ["_id", "version"],
    now: async ([_id, version]) => {
      if (!(_id instanceof Types.ObjectId) || typeof version !== "number") return null;
      const lead = await Lead.findOne({ _id, version }).select({ rank: 1 }).lean();
      return lead?.rank ? [lead.rank] : null;
    },
  };
}

/** The lead that moves: its own old place does not count. */
export type Moving = Standing & Pick<LeadRecord, "stageId">;

/**
 * The rank for a place in a stage; a lead that stands there already keeps its own. Where ranks would grow too long, the
 * neighbours are spread anew first.
 * @throws AppError invalid-reference when a neighbour is not in the stage, conflict when the two are in another order.
 */
export async function rankFor(
  ctx: TenantContext,
  change: Change,
  stageId: Types.ObjectId,
  place: Place,
  moving: Moving | null,
): Promise<string> {
  const gap = { stageId, ...(await gapOf(change, stageId, place, moving?._id ?? null)) };
  if (moving?.rank && moving.stageId?.equals(stageId) && isWithin(gap, moving.rank)) return moving.rank;
  const rank = rankBetween(gap.lower, gap.upper);
  if (rank.length <= longestRank) return rank;
  const room = await makeRoom(change, gap, { count: 1, moving });
  if (!room || room.crowded) spreadLater(ctx, change, gap);
  return room?.ranks[0] ?? rank;
}

/** Ranks for new leads below all others of a stage, in their order. */
export async function ranksAtEnd(
  ctx: TenantContext,
  change: Change,
  stageId: Types.ObjectId,
  count: number,
): Promise<readonly string[]> {
  const lower = await neighbour(change, stageId, null, { $gt: "" }, -1);
  const ranks: string[] = [];
  for (let n = 0; n < count; n += 1) ranks.push(rankBetween(ranks.at(-1) ?? lower, null));
  if (ranks.every((rank) => rank.length <= longestRank)) return ranks;
  // The column has grown to the end of all ranks: after millions of leads.
  const gap = { stageId, lower, upper: null };
  const room = await makeRoom(change, gap, { count, moving: null });
  if (!room || room.crowded) spreadLater(ctx, change, gap);
  return room?.ranks ?? ranks;
}

function isWithin({ lower, upper }: Pick<Gap, "lower" | "upper">, rank: string): boolean {
  return (lower === null || lower < rank) && (upper === null || rank < upper);
}

/** The neighbours that a place has now. */
async function gapOf(
  change: Change,
  stageId: Types.ObjectId,
  place: Place,
  moving: Types.ObjectId | null,
): Promise<Pick<Gap, "lower" | "upper">> {
  const before = place.beforeId ? await rankOf(change, stageId, place.beforeId, "/beforeId", moving) : null;
  const after = place.afterId ? await rankOf(change, stageId, place.afterId, "/afterId", moving) : null;
  if (after !== null && before !== null && after >= before)
    throw new AppError("conflict", "These two leads are in another order by now. Read the stage again.");
  // The other neighbour is looked up, never taken from the caller: somebody may have come in between.
  if (after !== null)
    return { lower: after, upper: await neighbour(change, stageId, moving, { $gt: after }, 1) };
  if (before !== null)
    return { lower: await neighbour(change, stageId, moving, { $lt: before }, -1), upper: before };
  return { lower: null, upper: await neighbour(change, stageId, moving, { $gt: "" }, 1) };
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
