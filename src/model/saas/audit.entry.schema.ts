import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import type { EventSubject } from "../../contracts/crm.event.contract";
import { anyId, plainSchema } from "../record.schema";

/** What somebody of the tenant, or a rule of theirs, did. Written by `commitChange` with the change itself; append-only. */
export interface AuditEntryRecord {
  _id: Types.ObjectId;
  at: Date;
  /** An event's name. */
  action: string;
  actor: Actor;
  requestId: string;
  subject: EventSubject;
  /** The person it is about, so that erasure finds it. */
  leadId: Types.ObjectId | null;
  changes: Record<string, { from: unknown; to: unknown }> | null;
  data: Record<string, unknown>;
  ruleId: Types.ObjectId | null;
  runId: Types.ObjectId | null;
  eventId: string;
  /** 400 days after it was made, on real time. */
  expireAt: Date;
}

export const auditEntrySchema = plainSchema<AuditEntryRecord>("auditEntries", {
  at: { type: Date, required: true },
  action: { type: String, required: true },
  actor: { type: Schema.Types.Mixed, required: true },
  requestId: { type: String, required: true },
  subject: { type: Schema.Types.Mixed, required: true },
  leadId: { type: Schema.Types.ObjectId, default: null },
  changes: { type: Schema.Types.Mixed, default: null },
  data: { type: Schema.Types.Mixed, default: {} },
  ruleId: { type: Schema.Types.ObjectId, default: null },
  runId: { type: Schema.Types.ObjectId, default: null },
  eventId: { type: String, required: true },
  expireAt: { type: Date, required: true },
});

// everything, newest first; by who did it; by what was done; about whom
auditEntrySchema.index({ at: -1, _id: -1 }, { name: "recent" });
auditEntrySchema.index({ "actor.id": 1, at: -1, _id: -1 }, { name: "actor" });
auditEntrySchema.index({ action: 1, at: -1, _id: -1 }, { name: "action" });
auditEntrySchema.index(
  { leadId: 1, at: -1, _id: -1 },
  { name: "lead", partialFilterExpression: { leadId: anyId } },
);
auditEntrySchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
