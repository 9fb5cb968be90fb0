import { Schema, type Types } from "mongoose";
import { pendingRunsSchema } from "../../contracts/automation.contract";
import type { Actor } from "../../contracts/common.contract";
import { type BaseRecord, plainSchema, recordSchema } from "../record.schema";

/** A rule. Edits go to `draft`; runs follow the published version they began with. */
export interface AutomationRuleRecord extends BaseRecord {
  name: string;
  description: string | null;
  enabled: boolean;
  /** Lower runs first; ties by creation. */
  priority: number;
  state: "draft" | "published" | "archived";
  /** Definition being edited; the shape is the rule contract's. */
  draft: Record<string, unknown>;
  publishedVersion: number | null;
  /** Of the published version, so that an event finds its rules by index. */
  triggerEvent: string | null;
  createdBy: Actor;
}

export const automationRuleSchema = recordSchema<AutomationRuleRecord>("automationRules", {
  name: { type: String, required: true },
  description: { type: String, default: null },
  enabled: { type: Boolean, default: false },
  priority: { type: Number, default: 100 },
  state: { type: String, enum: ["draft", "published", "archived"], default: "draft" },
  draft: { type: Schema.Types.Mixed, required: true },
  publishedVersion: { type: Number, default: null },
  triggerEvent: { type: String, default: null },
  createdBy: { type: Schema.Types.Mixed, required: true },
});

// the rules of an event, in their order
automationRuleSchema.index({ enabled: 1, triggerEvent: 1, priority: 1, createdAt: 1 }, { name: "trigger" });
automationRuleSchema.index({ createdAt: -1, _id: -1 }, { name: "created" });

/** What was published: immutable, so that a run always finds the steps it began with. */
export interface AutomationVersionRecord {
  _id: Types.ObjectId;
  ruleId: Types.ObjectId;
  n: number;
  /** Version of the rule grammar, so that meaning never changes under a stored rule. */
  grammar: number;
  definition: Record<string, unknown>;
  publishedBy: Actor;
  publishedAt: Date;
  /** What becomes of runs that began with an earlier version. */
  pendingRuns: PendingRuns;
  /** When that was done; the sweep does it when it was not. */
  settledAt: Date | null;
}

export type PendingRuns = (typeof pendingRunsSchema.options)[number];

export const automationVersionSchema = plainSchema<AutomationVersionRecord>("automationVersions", {
  ruleId: { type: Schema.Types.ObjectId, required: true },
  n: { type: Number, required: true },
  grammar: { type: Number, required: true },
  definition: { type: Schema.Types.Mixed, required: true },
  publishedBy: { type: Schema.Types.Mixed, required: true },
  publishedAt: { type: Date, required: true },
  pendingRuns: { type: String, enum: pendingRunsSchema.options, default: "keep" },
  settledAt: { type: Date, default: null },
});
automationVersionSchema.index({ ruleId: 1, n: 1 }, { name: "version", unique: true });
// the sweep: published, and earlier runs not yet dealt with
automationVersionSchema.index(
  { publishedAt: 1 },
  { name: "unsettled", partialFilterExpression: { settledAt: null } },
);
