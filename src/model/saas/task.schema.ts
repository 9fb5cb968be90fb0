import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { anyId, anyText, type BaseRecord, recordSchema } from "../record.schema";

/** Something that a person is to do, usually for a lead. */
export interface TaskRecord extends BaseRecord {
  leadId: Types.ObjectId | null;
  title: string;
  description: string | null;
  /** Key of a user; null while it is nobody's. */
  assigneeId: string | null;
  status: "open" | "done";
  dueAt: Date | null;
  /** `dueAt`, and the end of time for tasks without: what lists are sorted by. */
  sortAt: Date;
  /** The `dueAt` that was told of by `task_due`. */
  dueToldAt: Date | null;
  completedAt: Date | null;
  completedBy: Actor | null;
  createdBy: Actor;
  /** What created it, so that a retried rule step finds its task instead of making a second one. */
  effectKey: string | null;
}

export const taskSchema = recordSchema<TaskRecord>("tasks", {
  leadId: { type: Schema.Types.ObjectId, default: null },
  title: { type: String, required: true },
  description: { type: String, default: null },
  assigneeId: { type: String, default: null },
  status: { type: String, enum: ["open", "done"], default: "open" },
  dueAt: { type: Date, default: null },
  sortAt: { type: Date, required: true },
  dueToldAt: { type: Date, default: null },
  completedAt: { type: Date, default: null },
  completedBy: { type: Schema.Types.Mixed, default: null },
  createdBy: { type: Schema.Types.Mixed, required: true },
  effectKey: { type: String, default: null },
});

// lists, the most urgent first: of everybody, of a person, of a lead
taskSchema.index({ status: 1, sortAt: 1, _id: 1 }, { name: "status" });
taskSchema.index({ assigneeId: 1, status: 1, sortAt: 1, _id: 1 }, { name: "assignee" });
taskSchema.index(
  { leadId: 1, status: 1, sortAt: 1, _id: 1 },
  { name: "lead", partialFilterExpression: { leadId: anyId } },
);
// a retried rule step finds its task
taskSchema.index(
  { effectKey: 1 },
  { name: "effect", unique: true, partialFilterExpression: { effectKey: anyText } },
);
