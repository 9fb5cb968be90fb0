/** Which stage a lead was in, from when to when: what conversion and time in stage are counted from. */
import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { StageHistoryRecord } from "../../../model/saas/stage.history.schema";
import type { StagePlace } from "./stage.lookup";

/** Opens a stay; the one before is closed first. */
export async function enterStage(
  ctx: TenantContext,
  change: Change,
  leadId: Types.ObjectId,
  from: Types.ObjectId | null,
  to: StagePlace,
): Promise<void> {
  const { StageHistory } = change.models;
  const { session, now } = change;
  const open = from
    ? await StageHistory.findOne({ leadId, leftAt: null }).sort({ enteredAt: -1 }).session(session).lean()
    : null;
  if (open) {
    const durationMs = now.getTime() - open.enteredAt.getTime();
    await StageHistory.updateOne({ _id: open._id }, { $set: { leftAt: now, durationMs } }, { session });
  }
  await StageHistory.insertMany([newStay(ctx, now, leadId, from, to)], { session });
}

/** A stay that begins now. Pure, but for its new id. */
export function newStay(
  ctx: TenantContext,
  now: Date,
  leadId: Types.ObjectId,
  from: Types.ObjectId | null,
  to: StagePlace,
): StageHistoryRecord {
  return {
    _id: new Types.ObjectId(),
    leadId,
    pipelineId: to.pipeline._id,
    fromStageId: from,
    toStageId: to.stage._id,
    enteredAt: now,
    leftAt: null,
    durationMs: null,
    actor: ctx.actor,
    runId: ctx.runId ? new Types.ObjectId(ctx.runId) : null,
  };
}
