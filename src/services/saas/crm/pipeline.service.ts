/** Pipelines and their stages. Stages are embedded, so every change here is one write of one document. */
import { Types } from "mongoose";
import type {
  CreatePipeline,
  CreateStage,
  Pipeline,
  UpdatePipeline,
  UpdateStage,
} from "../../../contracts/pipeline.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { invalidReference, invalidState, notFound } from "./crm.problem";
import {
  clearDefault,
  keptPipelineInChange,
  type PipelineAt,
  recordPipelineEvent,
  requireFreeNames,
  savePipeline,
} from "./pipeline.record";
import { toPipeline } from "./pipeline.serialiser";
import { keyFrom, newStages, numbered, requireOpenStage, stageOf, usualStages } from "./pipeline.stages";
import { readSettings } from "./settings.read";

export { deletePipeline, deleteStage } from "./pipeline.delete";
export { listPipelines } from "./pipeline.list";

const maxStages = 50;

/** @throws AppError not-found. */
export async function getPipeline(ctx: TenantContext, id: string): Promise<Pipeline> {
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  const record = await Pipeline.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("pipeline");
  return toPipeline(record);
}

/** @throws AppError duplicate for a name or key in use, invalid-state without an open stage. */
export async function createPipeline(ctx: TenantContext, input: CreatePipeline): Promise<Pipeline> {
  return commitChange(ctx, async (change) => {
    const { now, session, models } = change;
    const key = input.key ?? keyFrom(input.name, new Set());
    await requireFreeNames(change, { name: input.name, key }, null);
    const stages = newStages(input.stages ?? usualStages);
    requireOpenStage(stages);
    if (input.isDefault) await clearDefault(change);
    const record = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: now,
      updatedAt: now,
      key,
      name: input.name,
      isDefault: input.isDefault ?? false,
      currency: input.currency ?? (await readSettings(models, session)).currency,
      deleting: false,
      stages,
    };
    await models.Pipeline.insertMany([record], { session });
    recordPipelineEvent(change, null, record, "created");
    return toPipeline(record);
  });
}

/** @throws AppError not-found, precondition-failed, duplicate, invalid-state while it is being deleted. */
export async function updatePipeline(
  ctx: TenantContext,
  at: PipelineAt,
  patch: UpdatePipeline,
): Promise<Pipeline> {
  return commitChange(ctx, async (change) => {
    const before = await keptPipelineInChange(change, at);
    const after = {
      ...before,
      name: patch.name ?? before.name,
      currency: patch.currency ?? before.currency,
      isDefault: patch.isDefault ?? before.isDefault,
    };
    await requireFreeNames(change, after, before._id);
    if (after.isDefault && !before.isDefault) await clearDefault(change);
    return toPipeline(await savePipeline(change, before, after, "updated"));
  });
}

/** Adds a stage before the closing stages (won, lost) when it is open, else at the end. */
export async function addStage(ctx: TenantContext, at: PipelineAt, input: CreateStage): Promise<Pipeline> {
  return commitChange(ctx, async (change) => {
    const before = await keptPipelineInChange(change, at);
    if (before.stages.length >= maxStages)
      throw invalidState(`A pipeline has at most ${maxStages} stages. Delete one first.`);
    const stages = [...before.stages].sort((a, b) => a.order - b.order);
    const lastOpen = stages.findLastIndex(({ type }) => type === "open");
    const index = input.type === "open" ? lastOpen + 1 : stages.length;
    const after = { ...before, stages: numbered(stages.toSpliced(index, 0, ...newStages([input], stages))) };
    return toPipeline(await savePipeline(change, before, after, "stage_added"));
  });
}

/** Changes a stage's name and settings; its key and type stay. @throws AppError not-found, precondition-failed. */
export async function updateStage(
  ctx: TenantContext,
  at: PipelineAt,
  stageId: string,
  patch: UpdateStage,
): Promise<Pipeline> {
  return commitChange(ctx, async (change) => {
    const before = await keptPipelineInChange(change, at);
    const stage = stageOf(before, stageId);
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const after = {
      ...before,
      stages: before.stages.map((each) => (each === stage ? { ...each, ...given } : each)),
    };
    if (patch.archived === false && stage.closing)
      throw invalidState("The stage is being deleted: its leads are on their way to another one.");
    requireOpenStage(after.stages);
    return toPipeline(await savePipeline(change, before, after, "stage_updated"));
  });
}

/**
 * Puts the stages in the order of `stageIds`, which names each of them once.
 * @throws AppError not-found, precondition-failed, invalid-reference for a foreign stage, conflict when some are missing.
 */
export async function orderStages(
  ctx: TenantContext,
  at: PipelineAt,
  stageIds: readonly string[],
): Promise<Pipeline> {
  return commitChange(ctx, async (change) => {
    const before = await keptPipelineInChange(change, at);
    const stages = stageIds.map((stageId, index) => {
      const stage = before.stages.find(({ _id }) => _id.equals(stageId));
      if (!stage) throw invalidReference(`/stageIds/${index}`, "stage of this pipeline");
      return stage;
    });
    if (new Set(stages).size !== before.stages.length || stages.length !== before.stages.length)
      throw new AppError(
        "conflict",
        "The list must name every stage of the pipeline once. Read the pipeline again.",
      );
    return toPipeline(
      await savePipeline(change, before, { ...before, stages: numbered(stages) }, "stages_ordered"),
    );
  });
}
