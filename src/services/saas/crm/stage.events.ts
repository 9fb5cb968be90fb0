import type { Types } from "mongoose";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { StagePlace } from "./stage.lookup";

/** What events say of the stage that a lead is in from now on. */
export function stageData(to: StagePlace | null): Record<string, string | null> {
  return {
    pipelineId: to?.pipeline._id.toHexString() ?? null,
    pipelineKey: to?.pipeline.key ?? null,
    toStageId: to?.stage._id.toHexString() ?? null,
    toStageKey: to?.stage.key ?? null,
    stageType: to?.stage.type ?? null,
  };
}

/** Tells that a lead left a stage and came into one: `before` is null for a new lead, which only comes. */
export async function recordStageEvents(
  change: Change,
  before: LeadRecord | null,
  after: LeadRecord,
  to: StagePlace,
): Promise<void> {
  const subject = { leadId: after._id.toHexString() };
  const from = await formerStage(change, before?.stageId ?? null);
  const data = { ...stageData(to), ...from };
  if (before?.stageId) change.record({ type: "stage_exit", subject, data });
  change.record({ type: "stage_enter", subject, data });
  if (after.status === "won" && before?.status !== "won") change.record({ type: "won", subject, data });
  if (after.status === "lost" && before?.status !== "lost")
    change.record({ type: "lost", subject, data: { ...data, lostReason: after.lostReasonKey } });
}

async function formerStage(
  change: Change,
  stageId: Types.ObjectId | null,
): Promise<{ fromPipelineKey: string | null; fromStageId: string | null; fromStageKey: string | null }> {
  const pipeline = stageId
    ? await change.models.Pipeline.findOne({ "stages._id": stageId }).session(change.session).lean()
    : null;
  const stage = pipeline?.stages.find(({ _id }) => stageId?.equals(_id));
  return {
    fromPipelineKey: pipeline?.key ?? null,
    fromStageId: stageId?.toHexString() ?? null,
    fromStageKey: stage?.key ?? null,
  };
}
