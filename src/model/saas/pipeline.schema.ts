import { Schema, type Types } from "mongoose";
import { stageTypes } from "../../contracts/pipeline.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

export interface StageRecord {
  _id: Types.ObjectId;
  key: string;
  name: string;
  order: number;
  type: (typeof stageTypes)[number];
  probability: number | null;
  rottingDays: number | null;
  wipLimit: number | null;
  color: string | null;
  requiredFields: string[];
  archived: boolean;
  /** Being emptied before it goes: where its leads move, and how far that is. */
  closing: { moveLeadsTo: Types.ObjectId; total: number; moved: number } | null;
}

export interface PipelineRecord extends BaseRecord {
  key: string;
  name: string;
  isDefault: boolean;
  currency: string;
  /** Goes once its stages are empty. */
  deleting: boolean;
  stages: StageRecord[];
}

const stageSchema = new Schema<StageRecord>({
  key: { type: String, required: true },
  name: { type: String, required: true },
  order: { type: Number, required: true },
  type: { type: String, enum: stageTypes, required: true },
  probability: { type: Number, default: null },
  rottingDays: { type: Number, default: null },
  wipLimit: { type: Number, default: null },
  color: { type: String, default: null },
  requiredFields: { type: [String], default: [] },
  archived: { type: Boolean, default: false },
  closing: { type: Schema.Types.Mixed, default: null },
});

/** Stages are embedded, so that one write reorders them atomically. */
export const pipelineSchema = recordSchema<PipelineRecord>("pipelines", {
  key: { type: String, required: true },
  name: { type: String, required: true },
  isDefault: { type: Boolean, default: false },
  currency: { type: String, required: true },
  deleting: { type: Boolean, default: false },
  stages: { type: [stageSchema], default: [] },
});

pipelineSchema.index({ key: 1 }, { name: "key", unique: true });
pipelineSchema.index({ name: 1 }, { name: "name", unique: true });
// at most one default
pipelineSchema.index(
  { isDefault: 1 },
  { name: "default", unique: true, partialFilterExpression: { isDefault: true } },
);
// which pipeline has this stage
pipelineSchema.index({ "stages._id": 1 }, { name: "stage" });
