/** Reading and writing one stored pipeline inside a change. */
import { Types, trusted } from "mongoose";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import { changedFields, shownChanges } from "./changed.fields";
import { checkVersion, invalidState, notFound } from "./crm.problem";
import { toPipeline } from "./pipeline.serialiser";

/** A pipeline by id, at the version the caller saw when `ifMatch` is given. */
export interface PipelineAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** @throws AppError not-found, precondition-failed when it is no longer the version of `ifMatch`. */
export async function pipelineInChange(
  change: Change,
  pipelineId: string,
  ifMatch?: number,
): Promise<PipelineRecord> {
  const pipeline = await change.models.Pipeline.findById(new Types.ObjectId(pipelineId))
    .session(change.session)
    .lean();
  if (!pipeline) throw notFound("pipeline");
  checkVersion(pipeline, ifMatch, toPipeline);
  return pipeline;
}

/** The same, to be changed. @throws AppError invalid-state too, for one that is being deleted. */
export async function keptPipelineInChange(
  change: Change,
  { id, ifMatch }: PipelineAt,
): Promise<PipelineRecord> {
  const pipeline = await pipelineInChange(change, id, ifMatch);
  if (pipeline.deleting)
    throw invalidState("The pipeline is being deleted: it goes when its leads have moved.");
  return pipeline;
}

/** Writes what differs and tells of it. Nothing new: no event and no new version. */
export async function savePipeline(
  change: Change,
  before: PipelineRecord,
  after: PipelineRecord,
  action: string,
): Promise<PipelineRecord> {
  if (Object.keys(changedFields(before, after)).length === 0) return before;
  const saved = { ...after, version: before.version + 1, updatedAt: change.now };
  await change.models.Pipeline.updateOne(
    { _id: before._id },
    { $set: changedFields(before, saved) },
    { session: change.session },
  );
  recordPipelineEvent(change, before, saved, action);
  return saved;
}

/** Tells of a pipeline with what changed of it; null: there was none before, or is none any more. */
export function recordPipelineEvent(
  change: Change,
  before: PipelineRecord | null,
  after: PipelineRecord | null,
  action: string,
): void {
  const pipeline = after ?? before;
  if (!pipeline) return;
  change.record({
    type: "pipeline_updated",
    subject: { pipelineId: pipeline._id.toHexString() },
    data: { action },
    changes: shownChanges(before && told(before), after && told(after)),
  });
}

/** A pipeline with a name for each thing that may change of it, e.g. `stages.proposal.wipLimit`. */
function told(record: PipelineRecord): Record<string, unknown> {
  const { stages, ...pipeline } = toPipeline(record);
  const ofStages = stages.flatMap(({ key, id: _id, order: _order, closing: _closing, ...stage }) =>
    Object.entries(stage).map(([name, value]) => [`stages.${key}.${name}`, value]),
  );
  return { ...pipeline, stageOrder: stages.map(({ key }) => key), ...Object.fromEntries(ofStages) };
}

/** @throws AppError duplicate, naming the pipeline that has this name or key. */
export async function requireFreeNames(
  change: Change,
  wanted: { name: string; key: string },
  except: Types.ObjectId | null,
): Promise<void> {
  const twin = await change.models.Pipeline.findOne({
    $or: [{ name: wanted.name }, { key: wanted.key }],
    ...(except ? { _id: trusted({ $ne: except }) } : {}),
  })
    .session(change.session)
    .lean();
  if (!twin) return;
  throw new AppError("duplicate", "Another pipeline has this name or key already. Choose another.", {
    extensions: { pipelineId: twin._id.toHexString() },
  });
}

/** Takes the default from the pipeline that has it: there is at most one. */
export async function clearDefault(change: Change): Promise<void> {
  const before = await change.models.Pipeline.findOne({ isDefault: true }).session(change.session).lean();
  if (before) await savePipeline(change, before, { ...before, isDefault: false }, "updated");
}
