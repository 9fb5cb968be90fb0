/** Where in which pipeline: stages by id, by key, and where new leads start. */
import { type ClientSession, Types } from "mongoose";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { PipelineRecord, StageRecord } from "../../../model/saas/pipeline.schema";

/** A stage with its pipeline. */
export interface StagePlace {
  readonly pipeline: PipelineRecord;
  readonly stage: StageRecord;
}

type Models = Pick<CrmModels, "Pipeline">;

/** Stages in their order, without those being deleted. */
export function livingStages(pipeline: PipelineRecord): StageRecord[] {
  return pipeline.stages.filter((stage) => !stage.archived).sort((a, b) => a.order - b.order);
}

/** The stage with this id; null when there is none or it is being deleted. */
export async function findStageById(
  { Pipeline }: Models,
  stageId: string,
  session: ClientSession | null,
): Promise<StagePlace | null> {
  const pipeline = await Pipeline.findOne({ "stages._id": new Types.ObjectId(stageId) })
    .session(session)
    .lean();
  const stage = pipeline && livingStages(pipeline).find(({ _id }) => _id.equals(stageId));
  return pipeline && stage ? { pipeline, stage } : null;
}

/**
 * The stage with this key: in the pipeline with `pipelineKey`, else in the pipeline `nearId` (where the lead is),
 * else in the default one.
 */
export async function findStageByKey(
  { Pipeline }: Models,
  stageKey: string,
  where: { pipelineKey?: string | undefined; nearId?: Types.ObjectId | null },
  session: ClientSession | null,
): Promise<StagePlace | null> {
  const filters = where.pipelineKey
    ? [{ key: where.pipelineKey }]
    : [...(where.nearId ? [{ _id: where.nearId }] : []), { isDefault: true }];
  for (const filter of filters) {
    const pipeline = await Pipeline.findOne(filter).session(session).lean();
    const stage = pipeline && livingStages(pipeline).find(({ key }) => key === stageKey);
    if (pipeline && stage) return { pipeline, stage };
  }
  return null;
}

/** The first open stage of a pipeline (the default one when `pipelineId` is absent), where new leads start. */
export async function findFirstStage(
  { Pipeline }: Models,
  pipelineId: string | undefined,
  session: ClientSession | null,
): Promise<StagePlace | null> {
  const filter = pipelineId ? { _id: new Types.ObjectId(pipelineId) } : { isDefault: true };
  const pipeline = await Pipeline.findOne(filter).session(session).lean();
  const stage = pipeline && livingStages(pipeline).find(({ type }) => type === "open");
  return pipeline && stage ? { pipeline, stage } : null;
}
