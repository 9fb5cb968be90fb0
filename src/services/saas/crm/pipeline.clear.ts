/**
 * Empties stages that were deleted: slice by slice, each one change with its events, so that a stage of any size goes
 * and a crash loses nothing. When the last lead has moved, the stage goes, and with its last stage a deleted pipeline.
 */
import { Types } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import { moveManyInChange } from "./lead.move.many";
import { recordPipelineEvent, savePipeline } from "./pipeline.record";
import { numbered } from "./pipeline.stages";
import { findStageById } from "./stage.lookup";

/** Leads of one change. */
export const sliceLeads = 200;
const turnMs = 15_000;

export interface ClearJob {
  readonly signal: AbortSignal;
  progress(fraction: number): Promise<void>;
}

/** The same job again is no second one. */
export async function enqueueClear(ctx: TenantContext, pipelineId: Types.ObjectId): Promise<void> {
  const id = pipelineId.toHexString();
  await enqueue({
    type: "pipelines.clear",
    payload: { clientCode: ctx.clientCode, pipelineId: id },
    requestId: ctx.requestId,
    key: id,
  });
}

/**
 * Goes on with emptying for some seconds.
 * @returns whether nothing is left to empty; false while there is more to do.
 */
export async function clearPipeline(ctx: TenantContext, pipelineId: string, job: ClearJob): Promise<boolean> {
  const began = performance.now();
  for (;;) {
    if (await clearSlice(ctx, new Types.ObjectId(pipelineId))) return true;
    await job.progress(await progressOf(ctx, pipelineId));
    if (job.signal.aborted || performance.now() - began > turnMs) return false;
  }
}

/** One slice of the first stage that is being emptied. @returns whether there is none any more. */
export async function clearSlice(ctx: TenantContext, pipelineId: Types.ObjectId): Promise<boolean> {
  return commitChange(ctx, async (change) => {
    const { Pipeline } = change.models;
    const pipeline = await Pipeline.findById(pipelineId).session(change.session).lean();
    if (!pipeline) return true;
    const stage = pipeline.stages.find(({ closing }) => closing !== null);
    if (!stage?.closing) return true;
    const { moveLeadsTo } = stage.closing;
    const to = await findStageById(change.models, moveLeadsTo.toHexString(), change.session);
    // The target went too, meanwhile: its own leads go where it sends them.
    const next = to ?? (await followed(change.models.Pipeline, moveLeadsTo, change.session));
    if (!next) {
      ctx.logger.error("A stage cannot be emptied: the stage that was to take its leads is gone.", {
        pipelineId: pipelineId.toHexString(),
      });
      return true;
    }
    const moved = await moveManyInChange(ctx, change, stage._id, next, sliceLeads);
    await Pipeline.updateOne(
      { _id: pipeline._id, "stages._id": stage._id },
      { $inc: { "stages.$.closing.moved": moved } },
      { session: change.session },
    );
    if (moved === sliceLeads) return false;
    const rest = numbered(pipeline.stages.filter((each) => each !== stage).sort((a, b) => a.order - b.order));
    if (pipeline.deleting && rest.length === 0) {
      await Pipeline.deleteOne({ _id: pipeline._id }, { session: change.session });
      recordPipelineEvent(change, pipeline, null, "deleted");
      return true;
    }
    await savePipeline(change, pipeline, { ...pipeline, stages: rest }, "stage_deleted");
    return !rest.some(({ closing }) => closing !== null);
  });
}

async function followed(
  Pipeline: Awaited<ReturnType<typeof getCrmModels>>["Pipeline"],
  stageId: Types.ObjectId,
  session: Parameters<typeof findStageById>[2],
) {
  const holder = await Pipeline.findOne({ "stages._id": stageId }).session(session).lean();
  const further = holder?.stages.find(({ _id }) => _id.equals(stageId))?.closing?.moveLeadsTo;
  return further ? findStageById({ Pipeline }, further.toHexString(), session) : null;
}

async function progressOf(ctx: TenantContext, pipelineId: string): Promise<number> {
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  const pipeline = await Pipeline.findById(new Types.ObjectId(pipelineId)).lean();
  const closing = pipeline?.stages.flatMap((stage) => stage.closing ?? []) ?? [];
  const total = closing.reduce((sum, each) => sum + each.total, 0);
  const moved = closing.reduce((sum, each) => sum + each.moved, 0);
  return total === 0 ? 1 : Math.min(0.99, moved / total);
}

/** Takes up emptying that lost its job. A tenant has a handful of pipelines. */
export async function sweepClosingStages(ctx: TenantContext): Promise<{ taken: number }> {
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  const pipelines = await Pipeline.find({}).lean();
  const closing = pipelines.filter((pipeline: PipelineRecord) =>
    pipeline.stages.some((stage) => (stage.closing ?? null) !== null),
  );
  for (const { _id } of closing) await enqueueClear(ctx, _id);
  return { taken: closing.length };
}
