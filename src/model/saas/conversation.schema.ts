import { Schema, type Types } from "mongoose";
import { conversationPrioritySchema, conversationStatusSchema } from "../../contracts/conversation.contract";
import { anyId, anyTime, type BaseRecord, recordSchema } from "../record.schema";

export interface ConversationRecord extends BaseRecord {
  leadId: Types.ObjectId;
  channel: "whatsapp";
  connectionId: Types.ObjectId;
  status: (typeof conversationStatusSchema.options)[number];
  snoozedUntil: Date | null;
  priority: (typeof conversationPrioritySchema.options)[number];
  assigneeId: string | null;
  teamId: Types.ObjectId | null;
  participantIds: string[];
  labels: string[];
  unreadCount: number;
  lastMessage: { id: Types.ObjectId; preview: string; direction: "inbound" | "outbound"; at: Date } | null;
  /** What inbox lists are sorted by: the last message's time, before there is one the conversation's own. */
  lastActivityAt: Date;
  lastInboundAt: Date | null;
  /** End of Meta's 24-hour service window, from the last inbound message's own timestamp. */
  windowExpiresAt: Date | null;
  waitingSince: Date | null;
  firstReplyAt: Date | null;
  /** When a person of ours last wrote: who wrote before that is not waiting. */
  lastReplyAt?: Date | null;
  resolvedAt: Date | null;
  botActive: boolean;
  custom: Record<string, unknown>;
  /** Conversations that were joined to this one when their leads were merged; absent until then. */
  mergedFrom?: Types.ObjectId[];
}

export const conversationSchema = recordSchema<ConversationRecord>("conversations", {
  leadId: { type: Schema.Types.ObjectId, required: true },
  channel: { type: String, enum: ["whatsapp"], required: true },
  connectionId: { type: Schema.Types.ObjectId, required: true },
  status: { type: String, enum: conversationStatusSchema.options, default: "open" },
  snoozedUntil: { type: Date, default: null },
  priority: { type: String, enum: conversationPrioritySchema.options, default: "none" },
  assigneeId: { type: String, default: null },
  teamId: { type: Schema.Types.ObjectId, default: null },
  participantIds: { type: [String], default: [] },
  labels: { type: [String], default: [] },
  unreadCount: { type: Number, default: 0 },
  lastMessage: {
    type: new Schema(
      { id: Schema.Types.ObjectId, preview: String, direction: String, at: Date },
      { _id: false, id: false },
    ),
    default: null,
  },
  lastActivityAt: { type: Date, required: true },
  lastInboundAt: { type: Date, default: null },
  windowExpiresAt: { type: Date, default: null },
  waitingSince: { type: Date, default: null },
  firstReplyAt: { type: Date, default: null },
  lastReplyAt: { type: Date, default: null },
  resolvedAt: { type: Date, default: null },
  botActive: { type: Boolean, default: false },
  custom: { type: Schema.Types.Mixed, default: {} },
  mergedFrom: { type: [Schema.Types.ObjectId], default: undefined },
});

// one conversation per person and number
conversationSchema.index({ connectionId: 1, leadId: 1 }, { name: "person", unique: true });
// inbox lists, newest message first
conversationSchema.index({ lastActivityAt: -1, _id: -1 }, { name: "recent" });
conversationSchema.index({ status: 1, lastActivityAt: -1, _id: -1 }, { name: "status" });
conversationSchema.index({ assigneeId: 1, status: 1, lastActivityAt: -1, _id: -1 }, { name: "assignee" });
conversationSchema.index({ leadId: 1, lastActivityAt: -1, _id: -1 }, { name: "lead" });
conversationSchema.index({ teamId: 1, status: 1, lastActivityAt: -1, _id: -1 }, { name: "team" });
conversationSchema.index({ labels: 1, status: 1, lastActivityAt: -1, _id: -1 }, { name: "label" });
conversationSchema.index(
  { participantIds: 1, status: 1, lastActivityAt: -1, _id: -1 },
  { name: "participant" },
);
conversationSchema.index(
  { lastActivityAt: -1, _id: -1, unreadCount: 1 },
  { name: "unread", partialFilterExpression: { unreadCount: { $gt: 0 } } },
);
// who waits the longest
conversationSchema.index(
  { waitingSince: 1, _id: 1 },
  { name: "waiting", partialFilterExpression: { waitingSince: anyTime } },
);
// the sweep: which of those that sleep are to be woken
conversationSchema.index(
  { snoozedUntil: 1 },
  { name: "snoozed", partialFilterExpression: { snoozedUntil: anyTime } },
);
// where the id of one that was joined to another leads
conversationSchema.index(
  { mergedFrom: 1 },
  { name: "merged", partialFilterExpression: { mergedFrom: anyId } },
);
// how many there are of each kind, read from the index alone
conversationSchema.index({ status: 1, assigneeId: 1, teamId: 1 }, { name: "counts" });
