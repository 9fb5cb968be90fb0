import { Schema, type Types } from "mongoose";
import {
  decisionOutcomeSchema,
  livingStatuses,
  runStatusSchema,
  type runWaitKindSchema,
  stepStatusSchema,
} from "../../contracts/automation.run.contract";
import type { Causation, CrmEventType, EventSubject } from "../../contracts/crm.event.contract";
import { anyText, type BaseRecord, plainSchema, recordSchema } from "../record.schema";

export type RunStatus = (typeof runStatusSchema.options)[number];

/** What a run stands still for. */
export interface RunWait {
  /**
   * `start`: its turn among the tenant's starts; `delay`, `event`: its step says so; `window`: the send window is
   * closed; `cap`: the lead was written to often enough.
   */
  kind: (typeof runWaitKindSchema.options)[number];
  until: Date | null;
  /** Of `event`: what it hears. */
  events: string[];
  reason: string | null;
}

/** One lead's way through one version of one rule. */
export interface AutomationRunRecord extends BaseRecord {
  ruleId: Types.ObjectId;
  ruleVersion: number;
  leadId: Types.ObjectId;
  conversationId: Types.ObjectId | null;
  /** Decides enrolment: `once`, the event's id, the rule's own rendered key, or the place behind the run before. */
  enrollmentKey: string;
  /** The rule's own rendered key, within which re-entry is judged; empty without one. */
  scopeKey: string;
  /** Of `on_change`: the watched fields as they were. */
  watched: string | null;
  /** The rule's when it began: of a lead's runs that are due together the lower goes first. */
  priority: number;
  /** Set while the run lives and the rule allows only one at a time. */
  concurrencyKey: string | null;
  triggerEvent: {
    id: string;
    /** Place in the tenant's log. */
    seq: number;
    type: CrmEventType;
    name?: string;
    occurredAt: Date;
    data: Record<string, unknown>;
    subject: EventSubject;
  };
  causation: Causation;
  status: RunStatus;
  exitReason: string | null;
  cursor: { stepId: string | null; iteration: number };
  /** What steps left: `steps.<id>.output`. */
  vars: Record<string, unknown>;
  /** What set_var steps set: `vars.<name>`. */
  values: Record<string, unknown>;
  wait: RunWait | null;
  /** Events that may wake, move or end it: what a batch of events is looked up by. */
  listens: string[];
  /** Ids of the last events it took, so that one that is told again changes nothing. */
  heard: string[];
  dueAt: Date | null;
  lock: { owner: string; until: Date } | null;
  /** True while somebody takes it further: at most one run of a lead. */
  held: boolean;
  attempts: number;
  error: { code: string; detail: string; stepId: string | null } | null;
  startedAt: Date;
  endedAt: Date | null;
}

export const automationRunSchema = recordSchema<AutomationRunRecord>("automationRuns", {
  ruleId: { type: Schema.Types.ObjectId, required: true },
  ruleVersion: { type: Number, required: true },
  leadId: { type: Schema.Types.ObjectId, required: true },
  conversationId: { type: Schema.Types.ObjectId, default: null },
  enrollmentKey: { type: String, required: true },
  scopeKey: { type: String, default: "" },
  watched: { type: String, default: null },
  priority: { type: Number, default: 100 },
  concurrencyKey: { type: String, default: null },
  triggerEvent: { type: Schema.Types.Mixed, required: true },
  causation: { type: Schema.Types.Mixed, required: true },
  status: { type: String, enum: runStatusSchema.options, required: true },
  exitReason: { type: String, default: null },
  cursor: { type: Schema.Types.Mixed, required: true },
  vars: { type: Schema.Types.Mixed, default: {} },
  values: { type: Schema.Types.Mixed, default: {} },
  wait: { type: Schema.Types.Mixed, default: null },
  listens: { type: [String], default: [] },
  heard: { type: [String], default: [] },
  dueAt: { type: Date, default: null },
  lock: { type: Schema.Types.Mixed, default: null },
  held: { type: Boolean, default: false },
  attempts: { type: Number, default: 0 },
  error: { type: Schema.Types.Mixed, default: null },
  startedAt: { type: Date, required: true },
  endedAt: { type: Date, default: null },
});

// enrolment is decided here, atomically
automationRunSchema.index({ ruleId: 1, leadId: 1, enrollmentKey: 1 }, { name: "enrollment", unique: true });
automationRunSchema.index(
  { ruleId: 1, leadId: 1, concurrencyKey: 1 },
  { name: "concurrency", unique: true, partialFilterExpression: { concurrencyKey: anyText } },
);
automationRunSchema.index({ leadId: 1, startedAt: -1, _id: -1 }, { name: "lead" });
automationRunSchema.index({ ruleId: 1, startedAt: -1, _id: -1 }, { name: "rule" });
automationRunSchema.index({ ruleId: 1, status: 1, startedAt: -1, _id: -1 }, { name: "rule_status" });
// the sweep: due and without a job
automationRunSchema.index(
  { status: 1, dueAt: 1 },
  { name: "due", partialFilterExpression: { status: { $in: [...livingStatuses] } } },
);
// events that wake, move or end runs of their leads: one query for a batch
automationRunSchema.index(
  { leadId: 1, listens: 1 },
  { name: "listening", partialFilterExpression: { status: { $in: [...livingStatuses] } } },
);
// one step of a lead at a time
automationRunSchema.index(
  { leadId: 1 },
  { name: "turn", unique: true, partialFilterExpression: { held: true } },
);

/** One step of one run: what it was given, what it did and why. */
export interface AutomationStepLogRecord {
  _id: Types.ObjectId;
  /** Absent in what was logged before it was kept. */
  ruleId?: Types.ObjectId;
  runId: Types.ObjectId;
  leadId: Types.ObjectId;
  stepId: string;
  iteration: number;
  /** `runId:stepId[:i=n]`: what keeps a retried step from acting twice. */
  effectKey: string;
  type: string;
  status: (typeof stepStatusSchema.options)[number];
  input: Record<string, unknown>;
  output: Record<string, unknown>;
  /** How its conditions were judged. */
  trace: Record<string, unknown>[];
  reason: string | null;
  attempts: number;
  /** When it goes on, while it waits. */
  scheduledFor: Date | null;
  startedAt: Date;
  endedAt: Date | null;
  expireAt: Date;
}

export const automationStepLogSchema = plainSchema<AutomationStepLogRecord>("automationStepLogs", {
  ruleId: { type: Schema.Types.ObjectId },
  runId: { type: Schema.Types.ObjectId, required: true },
  leadId: { type: Schema.Types.ObjectId, required: true },
  stepId: { type: String, required: true },
  iteration: { type: Number, default: 0 },
  effectKey: { type: String, required: true },
  type: { type: String, required: true },
  status: { type: String, enum: stepStatusSchema.options, required: true },
  input: { type: Schema.Types.Mixed, default: {} },
  output: { type: Schema.Types.Mixed, default: {} },
  trace: { type: Schema.Types.Mixed, default: () => [] },
  reason: { type: String, default: null },
  attempts: { type: Number, default: 0 },
  scheduledFor: { type: Date, default: null },
  startedAt: { type: Date, required: true },
  endedAt: { type: Date, default: null },
  expireAt: { type: Date, required: true },
});
automationStepLogSchema.index({ effectKey: 1 }, { name: "effect", unique: true });
automationStepLogSchema.index({ runId: 1, startedAt: 1 }, { name: "run" });
// how often a rule's steps did what, counted from keys
automationStepLogSchema.index({ ruleId: 1, stepId: 1, status: 1 }, { name: "rule_step" });
// a lead's steps, when it is merged or erased
automationStepLogSchema.index({ leadId: 1 }, { name: "lead" });
automationStepLogSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });

/** Why an event did or did not start a rule: also the mark that this rule has seen this event. */
export interface AutomationDecisionRecord {
  _id: Types.ObjectId;
  ruleId: Types.ObjectId;
  eventId: string;
  leadId: Types.ObjectId | null;
  outcome: (typeof decisionOutcomeSchema.options)[number];
  /** For a person: what stood in the way. */
  reason: string | null;
  trace: Record<string, unknown>[];
  runId: Types.ObjectId | null;
  at: Date;
  expireAt: Date;
}

export const automationDecisionSchema = plainSchema<AutomationDecisionRecord>("automationDecisions", {
  ruleId: { type: Schema.Types.ObjectId, required: true },
  eventId: { type: String, required: true },
  leadId: { type: Schema.Types.ObjectId, default: null },
  outcome: { type: String, enum: decisionOutcomeSchema.options, required: true },
  reason: { type: String, default: null },
  trace: { type: Schema.Types.Mixed, default: () => [] },
  runId: { type: Schema.Types.ObjectId, default: null },
  at: { type: Date, required: true },
  expireAt: { type: Date, required: true },
});
// a rule decides about an event once
automationDecisionSchema.index({ ruleId: 1, eventId: 1 }, { name: "decision", unique: true });
automationDecisionSchema.index({ leadId: 1, at: -1, _id: -1 }, { name: "lead" });
// why a rule did not run
automationDecisionSchema.index({ ruleId: 1, at: -1, _id: -1 }, { name: "rule" });
automationDecisionSchema.index({ ruleId: 1, outcome: 1, at: -1, _id: -1 }, { name: "rule_outcome" });
automationDecisionSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
