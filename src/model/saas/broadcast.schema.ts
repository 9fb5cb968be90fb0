import { Schema, type Types } from "mongoose";
import type { Audience } from "../../contracts/audience.contract";
import type { CreateBroadcast } from "../../contracts/broadcast.contract";
import { broadcastStates, recipientStates } from "../../contracts/broadcast.contract";
import type { Actor } from "../../contracts/common.contract";
import type { Condition } from "../../contracts/condition.contract";
import { anyTime, type BaseRecord, plainSchema, recordSchema } from "../record.schema";

/** One template to everybody whom a search finds. */
export interface BroadcastRecord extends BaseRecord {
  name: string;
  /** draft -> scheduled -> running <-> paused -> done; stopped is for good. */
  state: (typeof broadcastStates)[number];
  template: CreateBroadcast["template"];
  audience: Audience;
  /** Chosen at the start when nobody chose before. */
  connectionId: Types.ObjectId | null;
  sendWindow: NonNullable<CreateBroadcast["sendWindow"]> | null;
  frequencyCap: CreateBroadcast["frequencyCap"];
  requireOptIn: boolean;
  /** What the audience came to at the start: later changes of a saved search are not this broadcast's. */
  search: { condition: Condition | null; query: string | null } | null;
  /** People are noted in the order of their ids; up to this one so far. */
  gatheredUpTo: Types.ObjectId | null;
  /** How many they are, once all are noted. */
  recipients: number | null;
  hold: { code: string; detail: string; until: Date | null } | null;
  startAt: Date | null;
  startedAt: Date | null;
  endedAt: Date | null;
  requestId: string;
  createdBy: Actor;
}

export const broadcastSchema = recordSchema<BroadcastRecord>("broadcasts", {
  name: { type: String, required: true },
  state: { type: String, enum: broadcastStates, required: true },
  template: { type: Schema.Types.Mixed, required: true },
  audience: { type: Schema.Types.Mixed, required: true },
  connectionId: { type: Schema.Types.ObjectId, default: null },
  sendWindow: { type: Schema.Types.Mixed, default: null },
  frequencyCap: { type: String, enum: ["defer", "skip", "ignore"], required: true },
  requireOptIn: { type: Boolean, default: false },
  search: { type: Schema.Types.Mixed, default: null },
  gatheredUpTo: { type: Schema.Types.ObjectId, default: null },
  recipients: { type: Number, default: null },
  hold: { type: Schema.Types.Mixed, default: null },
  startAt: { type: Date, default: null },
  startedAt: { type: Date, default: null },
  endedAt: { type: Date, default: null },
  requestId: { type: String, required: true },
  createdBy: { type: Schema.Types.Mixed, required: true },
});

broadcastSchema.index({ createdAt: -1, _id: -1 }, { name: "created" });
// a list by state, and the sweep
broadcastSchema.index({ state: 1, createdAt: -1, _id: -1 }, { name: "state" });

/** One person of a broadcast: noted when it starts, so that each has one turn and no more. */
export interface BroadcastRecipientRecord {
  _id: Types.ObjectId;
  broadcastId: Types.ObjectId;
  leadId: Types.ObjectId;
  state: (typeof recipientStates)[number];
  /** Why skipped, or what it waits for; empty when nothing. */
  code: string;
  detail: string | null;
  /** While pending: not before this. */
  dueAt: Date | null;
  messageId: Types.ObjectId | null;
  sentAt: Date | null;
  repliedAt: Date | null;
}

export const broadcastRecipientSchema = plainSchema<BroadcastRecipientRecord>("broadcastRecipients", {
  broadcastId: { type: Schema.Types.ObjectId, required: true },
  leadId: { type: Schema.Types.ObjectId, required: true },
  state: { type: String, enum: recipientStates, required: true },
  code: { type: String, default: "" },
  detail: { type: String, default: null },
  dueAt: { type: Date, default: null },
  messageId: { type: Schema.Types.ObjectId, default: null },
  sentAt: { type: Date, default: null },
  repliedAt: { type: Date, default: null },
});

// everybody once
broadcastRecipientSchema.index({ broadcastId: 1, leadId: 1 }, { name: "recipient", unique: true });
// whose turn it is
broadcastRecipientSchema.index({ broadcastId: 1, state: 1, dueAt: 1 }, { name: "due" });
// counts and lists by what became of them
broadcastRecipientSchema.index({ broadcastId: 1, state: 1, code: 1, leadId: 1 }, { name: "outcome" });
broadcastRecipientSchema.index(
  { broadcastId: 1, repliedAt: 1 },
  { name: "replied", partialFilterExpression: { repliedAt: anyTime } },
);
// whose answer it is; a person who is erased
broadcastRecipientSchema.index({ leadId: 1, sentAt: -1 }, { name: "lead" });
// how many were written to within a day
broadcastRecipientSchema.index({ sentAt: 1 }, { name: "sent", partialFilterExpression: { sentAt: anyTime } });
