import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { plainSchema } from "../record.schema";

export interface StageHistoryRecord {
  _id: Types.ObjectId;
  leadId: Types.ObjectId;
  pipelineId: Types.ObjectId;
  fromStageId: Types.ObjectId | null;
  toStageId: Types.ObjectId;
  enteredAt: Date;
  leftAt: Date | null;
  durationMs: number | null;
  actor: Actor;
  runId: Types.ObjectId | null;
}

export const stageHistorySchema = plainSchema<StageHistoryRecord>("stageHistory", {
  leadId: { type: Schema.Types.ObjectId, required: true },
  pipelineId: { type: Schema.Types.ObjectId, required: true },
  fromStageId: { type: Schema.Types.ObjectId, default: null },
  toStageId: { type: Schema.Types.ObjectId, required: true },
  enteredAt: { type: Date, required: true },
  leftAt: { type: Date, default: null },
  durationMs: { type: Number, default: null },
  actor: { type: Schema.Types.Mixed, required: true },
  runId: { type: Schema.Types.ObjectId, default: null },
});

stageHistorySchema.index({ leadId: 1, enteredAt: 1 }, { name: "lead" });
// metrics, from the keys alone: who came where from where, and how long those stayed that left
stageHistorySchema.index({ pipelineId: 1, enteredAt: 1, fromStageId: 1, toStageId: 1 }, { name: "entered" });
stageHistorySchema.index(
  { pipelineId: 1, leftAt: 1, toStageId: 1, durationMs: 1 },
  { name: "left", partialFilterExpression: { leftAt: { $gt: new Date(0) } } },
);
