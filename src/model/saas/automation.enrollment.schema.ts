import { Schema, type Types } from "mongoose";
import { enrollmentStateSchema } from "../../contracts/automation.enrollment.contract";
import type { Actor } from "../../contracts/common.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

/** A rule that is started for everybody whom a search finds. */
export interface AutomationEnrollmentRecord extends BaseRecord {
  ruleId: Types.ObjectId;
  /** queued -> running -> done; failed and cancelled are for good. */
  state: (typeof enrollmentStateSchema.options)[number];
  /** The search as the caller gave it. */
  search: Record<string, unknown>;
  /** Leads behind it came later, and are not meant. */
  upTo: Types.ObjectId;
  /** The last lead that the rule was told of. */
  after: Types.ObjectId | null;
  total: number | null;
  told: number;
  failure: { code: string; detail: string } | null;
  requestId: string;
  createdBy: Actor;
  startedAt: Date | null;
  endedAt: Date | null;
  expireAt: Date;
}

export const automationEnrollmentSchema = recordSchema<AutomationEnrollmentRecord>("automationEnrollments", {
  ruleId: { type: Schema.Types.ObjectId, required: true },
  state: { type: String, enum: enrollmentStateSchema.options, required: true },
  search: { type: Schema.Types.Mixed, required: true },
  upTo: { type: Schema.Types.ObjectId, required: true },
  after: { type: Schema.Types.ObjectId, default: null },
  total: { type: Number, default: null },
  told: { type: Number, default: 0 },
  failure: { type: Schema.Types.Mixed, default: null },
  requestId: { type: String, required: true },
  createdBy: { type: Schema.Types.Mixed, required: true },
  startedAt: { type: Date, default: null },
  endedAt: { type: Date, default: null },
  expireAt: { type: Date, required: true },
});

automationEnrollmentSchema.index({ ruleId: 1, createdAt: -1, _id: -1 }, { name: "rule" });
// the sweep: what lost its job
automationEnrollmentSchema.index({ state: 1, updatedAt: 1 }, { name: "state" });
automationEnrollmentSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
