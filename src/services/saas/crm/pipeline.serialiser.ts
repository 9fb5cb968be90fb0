import type { Pipeline } from "../../../contracts/pipeline.contract";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import { toTimestamp } from "./lead.serialiser";

/** A stored pipeline as the API shows it, stages in their order. */
export function toPipeline(record: PipelineRecord): Pipeline {
  return {
    id: record._id.toHexString(),
    version: record.version,
    key: record.key,
    name: record.name,
    isDefault: record.isDefault,
    currency: record.currency,
    deleting: record.deleting,
    stages: [...record.stages]
      .sort((a, b) => a.order - b.order)
      .map((stage) => ({
        id: stage._id.toHexString(),
        key: stage.key,
        name: stage.name,
        order: stage.order,
        type: stage.type,
        probability: stage.probability,
        rottingDays: stage.rottingDays,
        wipLimit: stage.wipLimit,
        color: stage.color,
        requiredFields: stage.requiredFields,
        archived: stage.archived,
        closing: stage.closing && {
          moveLeadsTo: stage.closing.moveLeadsTo.toHexString(),
          total: stage.closing.total,
          moved: stage.closing.moved,
        },
      })),
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
