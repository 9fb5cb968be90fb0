/**
 * Deleting stages and pipelines, which may hold many leads: the stages are closed to new leads at once; a small one
 * is emptied within the request, a large one by a job (`pipeline.clear`).
 */
import { trusted } from "mongoose";
import type { Pipeline } from "../../../contracts/pipeline.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { PipelineRecord, StageRecord } from "../../../model/saas/pipeline.schema";
import { invalidReference, invalidState } from "./crm.problem";
import { clearSlice, enqueueClear, sliceLeads } from "./pipeline.clear";
import { type PipelineAt, pipelineInChange, recordPipelineEvent, savePipeline } from "./pipeline.record";
import { toPipeline } from "./pipeline.serialiser";
import { numbered, requireOpenStage, stageOf } from "./pipeline.stages";
import { findStageById, type StagePlace } from "./stage.lookup";

/**
 * Deletes a stage; its leads move to `moveLeadsTo`.
 * @returns the pipeline; the stage is still in it, with `closing`, while a job moves its leads.
 * @throws AppError not-found, precondition-failed, invalid-state when it holds leads and no target is named or no
 * open stage would be left, invalid-reference for the target.
 */
export async function deleteStage(
  ctx: TenantContext,
  { id, ifMatch }: PipelineAt,
  stageId: string,
  moveLeadsTo: string | undefined,
): Promise<Pipeline> {
  const pipeline = await commitChange(ctx, async (change) => {
    const before = await pipelineInChange(change, id, ifMatch);
    const stage = stageOf(before, stageId);
    const target = await targetOf(change, moveLeadsTo, [stage]);
    const closed = await close(change, before, [stage], target);
    requireOpenStage(closed.stages);
    return savePipeline(change, before, withoutEmpty(closed, [stage]), "stage_closed");
  });
  return clearNow(ctx, pipeline);
}

/**
 * Deletes a pipeline; its leads move to the stage `moveLeadsTo` of another one.
 * @returns null when it is gone; else the pipeline, while a job moves its leads.
 * @throws AppError not-found, precondition-failed, invalid-state for the default pipeline or when it holds leads and
 * no target is named, invalid-reference for the target.
 */
export async function deletePipeline(
  ctx: TenantContext,
  { id, ifMatch }: PipelineAt,
  moveLeadsTo: string | undefined,
): Promise<Pipeline | null> {
  const pipeline = await commitChange(ctx, async (change) => {
    const before = await pipelineInChange(change, id, ifMatch);
    if (before.isDefault)
      throw invalidState("The default pipeline cannot be deleted. Make another one the default first.");
    const target = await targetOf(change, moveLeadsTo, before.stages);
    const closed = { ...(await close(change, before, before.stages, target)), deleting: true };
    const left = withoutEmpty(closed, before.stages);
    if (left.stages.length > 0) return savePipeline(change, before, left, "closed");
    await change.models.Pipeline.deleteOne({ _id: before._id }, { session: change.session });
    recordPipelineEvent(change, before, null, "deleted");
    return null;
  });
  if (!pipeline) return null;
  await clearNow(ctx, pipeline);
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  const left = await Pipeline.findById(pipeline._id).lean();
  return left && toPipeline(left);
}

/** The stage that takes the leads; null when none was named. */
async function targetOf(
  change: Change,
  moveLeadsTo: string | undefined,
  leaving: readonly StageRecord[],
): Promise<StagePlace | null> {
  if (moveLeadsTo === undefined) return null;
  const target = await findStageById(change.models, moveLeadsTo, change.session);
  if (!target || leaving.some(({ _id }) => _id.equals(target.stage._id)))
    throw invalidReference("/query/moveLeadsTo", "open stage");
  return target;
}

/** The stages take no more leads; those that hold some know where these go. */
async function close(
  change: Change,
  pipeline: PipelineRecord,
  leaving: readonly StageRecord[],
  target: StagePlace | null,
): Promise<PipelineRecord> {
  const counts = new Map<string, number>();
  for (const { _id } of leaving) {
    // Only living leads have a rank, so that the keys of an index are enough to count them.
    const count = await change.models.Lead.countDocuments({
      stageId: _id,
      rank: trusted({ $gt: "" }),
    }).session(change.session);
    if (count > 0 && !target)
      throw invalidState("There are leads in it. Name the stage that takes them as `moveLeadsTo`.");
    counts.set(_id.toHexString(), count);
  }
  const stages = pipeline.stages.map((stage) => {
    const total = counts.get(stage._id.toHexString());
    if (total === undefined) return stage;
    const closing = total > 0 && target ? { moveLeadsTo: target.stage._id, total, moved: 0 } : null;
    return { ...stage, archived: true, closing };
  });
  return { ...pipeline, stages };
}

function withoutEmpty(pipeline: PipelineRecord, leaving: readonly StageRecord[]): PipelineRecord {
  const goes = (stage: StageRecord) =>
    stage.closing === null && leaving.some(({ _id }) => _id.equals(stage._id));
  const stages = pipeline.stages.filter((stage) => !goes(stage)).sort((a, b) => a.order - b.order);
  return { ...pipeline, stages: numbered(stages) };
}

/** What is small goes at once; the rest is the job's. */
async function clearNow(ctx: TenantContext, pipeline: PipelineRecord): Promise<Pipeline> {
  const left = pipeline.stages.reduce((sum, { closing }) => sum + (closing?.total ?? 0), 0);
  const small = left < sliceLeads;
  for (let cleared = left === 0; small && !cleared; ) cleared = await clearSlice(ctx, pipeline._id);
  if (!small) await enqueueClear(ctx, pipeline._id);
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  const now = await Pipeline.findById(pipeline._id).lean();
  return toPipeline(now ?? pipeline);
}
