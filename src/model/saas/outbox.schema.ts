import { Schema, type Types } from "mongoose";
import type { CrmEvent } from "../../contracts/crm.event.contract";
import { plainSchema } from "../record.schema";

/** An event as it stands in the tenant's log: written in the transaction of the change it tells of. */
export interface OutboxRecord extends Omit<CrmEvent, "occurredAt" | "id"> {
  _id: Types.ObjectId;
  eventId: string;
  occurredAt: Date;
  /** Set when every listener has taken it; the sweep takes up the rest. */
  dispatchedAt: Date | null;
  createdAt: Date;
  /** 30 days, then the log answers `cursor-expired`. */
  expireAt: Date;
}

export const outboxSchema = plainSchema<OutboxRecord>("outbox", {
  eventId: { type: String, required: true },
  seq: { type: Number, required: true },
  type: { type: String, required: true },
  name: { type: String },
  subject: { type: Schema.Types.Mixed, required: true },
  data: { type: Schema.Types.Mixed, default: {} },
  changes: { type: Schema.Types.Mixed },
  actor: { type: Schema.Types.Mixed, required: true },
  causation: { type: Schema.Types.Mixed, required: true },
  requestId: { type: String },
  occurredAt: { type: Date, required: true },
  dispatchedAt: { type: Date, default: null },
  createdAt: { type: Date, required: true },
  expireAt: { type: Date, required: true },
});

// the log, in order
outboxSchema.index({ seq: 1 }, { name: "seq", unique: true });
// one event per cause
outboxSchema.index({ eventId: 1 }, { name: "event", unique: true });
// the sweep: not yet dispatched
outboxSchema.index(
  { createdAt: 1 },
  { name: "undispatched", partialFilterExpression: { dispatchedAt: null } },
);
// what was told of a lead: not yet dispatched before each step that an event may forbid, all of it before the first
outboxSchema.index({ "subject.leadId": 1, dispatchedAt: 1, seq: 1 }, { name: "lead_dispatched" });
outboxSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
