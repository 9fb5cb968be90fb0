/**
 * Deleting stages and pipelines, which may hold many leads: first the stages are closed to new leads, then the leads
 * move in batches, each batch one change with its events, then the stages go. A deletion that was interrupted is
 * finished by asking for it again.
 */
import type { Types } from "mongoose";
import type { Pipeline } from "../../../contracts/pipeline.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import { invalidReference, invalidState } from "./crm.problem";
import { moveLeadInChange } from "./lead.move";
import { type PipelineAt, pipelineInChange, recordPipelineEvent, savePipeline } from "./pipeline.record";
import { toPipeline } from "./pipeline.serialiser";
import { numbered, requireOpenStage, stageOf } from "./pipeline.stages";
import { findStageById } from "./stage.lookup";

const batchSize = 50;

/**
 * Deletes a stage; its leads move to `moveLeadsTo`.
 * @throws AppError not-found, precondition-failed, invalid-state when it holds leads and no target is named or no
 * open stage would be left, invalid-reference for the target.
 */
export async function deleteStage(
  ctx: TenantContext,
  { id, ifMatch }: PipelineAt,
  stageId: string,
  moveLeadsTo: string | undefined,
): Promise<Pipeline> {
  await commitChange(ctx, async (change) => {
    const before = await pipelineInChange(change, id, ifMatch);
    const stage = stageOf(before, stageId);
    const after = close(before, (each) => each._id.equals(stage._id));
    requireOpenStage(after.stages);
    await savePipeline(change, before, after, "stage_closed");
    await requireTarget(change, [stage._id], moveLeadsTo);
  });
  await emptyStage(ctx, stageId, moveLeadsTo);
  return commitChange(ctx, async (change) => {
    const before = await pipelineInChange(change, id);
    const stages = numbered(
      [...before.stages].sort((a, b) => a.order - b.order).filter(({ _id }) => !_id.equals(stageId)),
    );
    return toPipeline(await savePipeline(change, before, { ...before, stages }, "stage_deleted"));
  });
}

/**
 * Deletes a pipeline; its leads move to the stage `moveLeadsTo` of another one.
 * @throws AppError not-found, precondition-failed, invalid-state for the default pipeline or when it holds leads and
 * no target is named, invalid-reference for the target.
 */
export async function deletePipeline(
  ctx: TenantContext,
  { id, ifMatch }: PipelineAt,
  moveLeadsTo: string | undefined,
): Promise<void> {
  const stageIds = await commitChange(ctx, async (change) => {
    const before = await pipelineInChange(change, id, ifMatch);
    if (before.isDefault)
      throw invalidState("The default pipeline cannot be deleted. Make another one the default first.");
    await savePipeline(
      change,
      before,
      close(before, () => true),
      "closed",
    );
    const ids = before.stages.map(({ _id }) => _id);
    await requireTarget(change, ids, moveLeadsTo);
    return ids;
  });
  for (const stageId of stageIds) await emptyStage(ctx, stageId.toHexString(), moveLeadsTo);
  await commitChange(ctx, async (change) => {
    const before = await pipelineInChange(change, id);
    await change.models.Pipeline.deleteOne({ _id: before._id }, { session: change.session });
    recordPipelineEvent(change, before._id, "deleted");
  });
}

function close(pipeline: PipelineRecord, which: (stage: { _id: Types.ObjectId }) => boolean): PipelineRecord {
  const stages = pipeline.stages.map((stage) => (which(stage) ? { ...stage, archived: true } : stage));
  return { ...pipeline, stages };
}

async function requireTarget(
  change: Change,
  leaving: readonly Types.ObjectId[],
  moveLeadsTo: string | undefined,
): Promise<void> {
  if (moveLeadsTo !== undefined) {
    const target = await findStageById(change.models, moveLeadsTo, change.session);
    if (!target) throw invalidReference("/query/moveLeadsTo", "open stage");
    return;
  }
  for (const stageId of leaving) {
    const lead = await change.models.Lead.findOne({ stageId, deletedAt: null })
      .session(change.session)
      .select({ _id: 1 })
      .lean();
    if (lead) throw invalidState("There are leads in it. Name the stage that takes them as `moveLeadsTo`.");
  }
}

async function emptyStage(
  ctx: TenantContext,
  stageId: string,
  moveLeadsTo: string | undefined,
): Promise<void> {
  if (moveLeadsTo === undefined) return;
  for (let moved = batchSize; moved === batchSize; ) {
    moved = await commitChange(ctx, async (change) => {
      const leads = await change.models.Lead.find({ stageId, deletedAt: null })
        .sort({ rank: -1 })
        .limit(batchSize)
        .select({ _id: 1 })
        .session(change.session)
        .lean();
      // From the bottom up, each to the top of the target: their order stays.
      for (const { _id } of leads) await moveLeadInChange(ctx, change, _id, { stageId: moveLeadsTo });
      return leads.length;
    });
  }
}
