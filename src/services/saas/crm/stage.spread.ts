/** The wide spread of a crowded column, by a job. Only thousands of moves into one gap make one needed. */
import { Types } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { type Gap, spreadWide } from "./rank.room";

/** Asks for the spread; lost with a crash it does no harm, since the next long rank asks again. */
export function spreadLater(ctx: TenantContext, change: Change, { stageId, lower, upper }: Gap): void {
  const { clientCode, requestId } = ctx;
  const payload = { clientCode, stageId: stageId.toHexString(), rank: lower ?? upper ?? "" };
  change.afterCommit(async () => {
    await enqueue({ type: "stage.spread", payload, requestId, key: payload.stageId });
  });
}

/**
 * Spreads a column around a rank. Other changes of the tenant wait for it: for seconds, where a column holds 100,000
 * leads and is crowded throughout.
 */
export async function spreadColumn(
  ctx: TenantContext,
  { stageId, rank }: { stageId: string; rank: string },
): Promise<{ leads: number }> {
  return commitChange(ctx, async (change) => {
    // First, so that changes that begin meanwhile wait for this one and not the other way round.
    await change.models.Counter.updateOne(
      { _id: "events" },
      { $set: { heldAt: change.now } },
      { session: change.session },
    );
    // A rank with a zero behind it is the next one there is.
    const gap = { stageId: new Types.ObjectId(stageId), lower: rank, upper: `${rank}0` };
    return { leads: await spreadWide(change, gap) };
  });
}
