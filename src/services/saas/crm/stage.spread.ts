/**
 * The wide spread of a crowded column, by a job; only thousands of moves into one gap make one needed. Leads are pushed
 * away from the crowded place, those that stand furthest first, so that the order holds after every slice and other
 * changes go on in between.
 */
import { Types, trusted } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { rankAway } from "../../../lib/rank/rank";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { Gap } from "./rank.room";

/** Leads of one change. */
const sliceLeads = 1_000;
const turnMs = 15_000;

/** Where a column is crowded. */
export interface CrowdedPlace {
  readonly stageId: string;
  readonly rank: string;
}

/** Asks for the spread; lost with a crash it does no harm, since the next long rank asks again. */
export function spreadLater(ctx: TenantContext, change: Change, { stageId, lower, upper }: Gap): void {
  const { clientCode, requestId } = ctx;
  const payload = { clientCode, stageId: stageId.toHexString(), rank: lower ?? upper ?? "" };
  change.afterCommit(async () => {
    await enqueue({ type: "stage.spread", payload, requestId, key: payload.stageId });
  });
}

/** Goes on with the spread for some seconds. @returns whether it is done. */
export async function spreadColumn(
  ctx: TenantContext,
  place: CrowdedPlace,
  signal?: AbortSignal,
): Promise<boolean> {
  const began = performance.now();
  for (;;) {
    if (await spreadSlice(ctx, place)) return true;
    if (signal?.aborted || performance.now() - began > turnMs) return false;
  }
}

/** Moves one slice. It records no event, since nobody's place among others changes. @returns whether it was the last. */
export async function spreadSlice(ctx: TenantContext, { stageId, rank }: CrowdedPlace): Promise<boolean> {
  return commitChange(ctx, async (change) => {
    // Changes meet in the event counter: one that began before this must begin again.
    await change.models.Counter.updateOne(
      { _id: "events" },
      { $set: { heldAt: change.now } },
      { session: change.session },
    );
    const stage = new Types.ObjectId(stageId);
    return (
      (await pushAway(change, { stageId: stage, rank, side: 1 })) &&
      (await pushAway(change, { stageId: stage, rank, side: -1 }))
    );
  });
}

interface Side {
  readonly stageId: Types.ObjectId;
  readonly rank: string;
  /** 1: the leads behind the rank; -1: those before it, and the one that has it. */
  readonly side: 1 | -1;
}

/** @returns whether the leads of this side have room now. */
async function pushAway(change: Change, at: Side): Promise<boolean> {
  const { models, session } = change;
  const crowded = await countCrowded(change, at);
  if (crowded === 0) return true;
  const left = Math.max(0, crowded - sliceLeads);
  const slice = await models.Lead.find(onSide(at))
    .sort({ rank: at.side })
    .skip(left)
    .limit(crowded - left)
    .select({ _id: 1 })
    .session(session)
    .lean();
  const writes = slice.flatMap(({ _id }, index) => {
    const rank = rankAway(at.rank, at.side * (left + index + 1));
    return rank === null ? [] : [{ updateOne: { filter: { _id }, update: { $set: { rank } } } }];
  });
  // The furthest first: each finds its new place free, for who stood there has gone on.
  await models.Lead.collection.bulkWrite(writes.reverse(), { session });
  return left === 0;
}

/** How many leads, from the place on, stand nearer to it than they shall; from index keys alone, by the bare driver. */
async function countCrowded({ models, session }: Change, at: Side): Promise<number> {
  const { stageId, rank: place, side } = at;
  const ranks = models.Lead.collection.find(
    { stageId, rank: side === 1 ? { $gt: place } : { $gt: "", $lte: place } },
    { sort: { rank: side }, projection: { _id: 0, rank: 1 }, hint: "totals", batchSize: 5_000, session },
  );
  let crowded = 0;
  for await (const { rank } of ranks) {
    const wanted = rankAway(at.rank, at.side * (crowded + 1));
    const stands = typeof rank === "string" ? rank : "";
    if (wanted === null || (at.side === 1 ? stands >= wanted : stands <= wanted)) break;
    crowded += 1;
  }
  return crowded;
}

/** Only living leads have a rank. */
const onSide = ({ stageId, rank, side }: Side) => ({
  stageId,
  rank: trusted(side === 1 ? { $gt: rank } : { $gt: "", $lte: rank }),
});
