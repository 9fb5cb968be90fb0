import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { plainSchema } from "../record.schema";

/** One line of a lead's timeline. Append-only. */
export interface ActivityRecord {
  _id: Types.ObjectId;
  leadId: Types.ObjectId;
  type: string;
  at: Date;
  actor: Actor;
  changes: Record<string, { from: unknown; to: unknown }> | null;
  ref: { type: string; id: string } | null;
  eventId: string;
  ruleId: Types.ObjectId | null;
  runId: Types.ObjectId | null;
  data: Record<string, unknown>;
}

export const activitySchema = plainSchema<ActivityRecord>("activities", {
  leadId: { type: Schema.Types.ObjectId, required: true },
  type: { type: String, required: true },
  at: { type: Date, required: true },
  actor: { type: Schema.Types.Mixed, required: true },
  changes: { type: Schema.Types.Mixed, default: null },
  ref: { type: Schema.Types.Mixed, default: null },
  eventId: { type: String, required: true },
  ruleId: { type: Schema.Types.ObjectId, default: null },
  runId: { type: Schema.Types.ObjectId, default: null },
  data: { type: Schema.Types.Mixed, default: {} },
});

// the timeline, newest first
activitySchema.index({ leadId: 1, at: -1, _id: -1 }, { name: "lead" });
// the timeline of some types
activitySchema.index({ leadId: 1, type: 1, at: -1, _id: -1 }, { name: "type" });
// one line per event
activitySchema.index({ eventId: 1, type: 1 }, { name: "event", unique: true });
