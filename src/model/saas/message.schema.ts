import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import type { Chain } from "../../contracts/crm.event.contract";
import { messageKindSchema, messageStatusSchema } from "../../contracts/message.contract";
import { wordsOf } from "../../contracts/text.words";
import { anyId, anyText, type BaseRecord, recordSchema } from "../record.schema";

export type MessageStatus = (typeof messageStatusSchema.options)[number];
export type MessageKind = (typeof messageKindSchema.options)[number];

export interface MessageSender {
  type: "lead" | "user" | "automation" | "api" | "system";
  id: string;
  ruleId?: Types.ObjectId | null;
  runId?: Types.ObjectId | null;
  stepId?: string | null;
  /** Of a message that went to many. */
  broadcastId?: Types.ObjectId;
}

export interface MessageError {
  code: number | null;
  title: string;
  /** A sentence a person understands. */
  explanation: string;
  retryable: boolean;
}

export interface MessageRecord extends BaseRecord {
  conversationId: Types.ObjectId;
  connectionId: Types.ObjectId;
  leadId: Types.ObjectId;
  direction: "inbound" | "outbound";
  kind: MessageKind;
  private: boolean;
  text: string | null;
  /** Ids of `Media`; the download or upload has its own state there. */
  mediaIds: Types.ObjectId[];
  template: { name: string; language: string; variables: Record<string, string>; rendered: string } | null;
  /** What the kind holds beside text and media: location, contacts, interactive answer, referral, ... */
  content: Record<string, unknown> | null;
  replyToProviderId: string | null;
  /** The same as our id, once that message is known here. */
  replyToId?: Types.ObjectId | null;
  reactions: { from: string; emoji: string; at: Date }[];
  /** The caller's or rule's own key: what makes an outbound message happen once. */
  clientId: string;
  provider: { name: "whatsapp"; messageId: string | null; timestamp: Date | null };
  status: MessageStatus;
  statusAt: Partial<Record<MessageStatus, Date>>;
  /** Fence of a send: our own moves out of `sending` name the attempt they belong to. */
  attemptId: string | null;
  attempts: number;
  error: MessageError | null;
  pricing: Record<string, unknown> | null;
  sender: MessageSender;
  /** The rules that led to it, which the events that tell of it carry on: sending would forget them. */
  chain?: Chain | null;
  actor: Actor;
  /** Time of the message for people: Meta's timestamp when inbound, ours when outbound. */
  sentAt: Date;
  redactedAt: Date | null;
  /** Its writer changed it in WhatsApp then; `text` is what it says now. */
  editedAt?: Date | null;
  /** Its writer deleted it for everyone then; what it said is gone here too. */
  revokedAt?: Date | null;
  /** What a search finds it by; follows `text` by itself. */
  words?: string[];
}

export const messageSchema = recordSchema<MessageRecord>("messages", {
  conversationId: { type: Schema.Types.ObjectId, required: true },
  connectionId: { type: Schema.Types.ObjectId, required: true },
  leadId: { type: Schema.Types.ObjectId, required: true },
  direction: { type: String, enum: ["inbound", "outbound"], required: true },
  kind: { type: String, enum: messageKindSchema.options, required: true },
  private: { type: Boolean, default: false },
  text: { type: String, default: null },
  mediaIds: { type: [Schema.Types.ObjectId], default: [] },
  template: { type: Schema.Types.Mixed, default: null },
  content: { type: Schema.Types.Mixed, default: null },
  replyToProviderId: { type: String, default: null },
  replyToId: { type: Schema.Types.ObjectId, default: null },
  reactions: { type: [new Schema({ from: String, emoji: String, at: Date }, { _id: false })], default: [] },
  clientId: { type: String, required: true },
  provider: {
    type: new Schema(
      {
        name: { type: String, enum: ["whatsapp"], required: true },
        messageId: { type: String, default: null },
        timestamp: { type: Date, default: null },
      },
      { _id: false },
    ),
    required: true,
  },
  status: { type: String, enum: messageStatusSchema.options, required: true },
  statusAt: { type: Schema.Types.Mixed, default: {} },
  attemptId: { type: String, default: null },
  attempts: { type: Number, default: 0 },
  error: { type: Schema.Types.Mixed, default: null },
  pricing: { type: Schema.Types.Mixed, default: null },
  sender: { type: Schema.Types.Mixed, required: true },
  chain: { type: Schema.Types.Mixed, default: null },
  actor: { type: Schema.Types.Mixed, required: true },
  sentAt: { type: Date, required: true },
  redactedAt: { type: Date, default: null },
  editedAt: { type: Date, default: null },
  revokedAt: { type: Date, default: null },
  words: { type: [String], default: [] },
});

// one row per message of Meta's
messageSchema.index(
  { connectionId: 1, "provider.messageId": 1 },
  {
    name: "provider",
    unique: true,
    partialFilterExpression: { "provider.messageId": anyText },
  },
);
// one row per request of ours: double clicks and retried rule steps meet here
messageSchema.index({ conversationId: 1, clientId: 1 }, { name: "client", unique: true });
// what quotes, reacts to, edits or revokes a message; it may be here before that message
messageSchema.index(
  { connectionId: 1, replyToProviderId: 1 },
  { name: "about", partialFilterExpression: { replyToProviderId: anyText } },
);
// a conversation, newest first
messageSchema.index({ conversationId: 1, sentAt: -1, _id: -1 }, { name: "conversation" });
// the sweep: queued without a job, sending after a crash, unknown to review
messageSchema.index(
  { status: 1, updatedAt: 1 },
  { name: "unsettled", partialFilterExpression: { status: { $in: ["queued", "sending", "unknown"] } } },
);
// a lead's messages, when it is merged or erased
messageSchema.index({ leadId: 1, sentAt: -1 }, { name: "lead" });
// what became of a broadcast's messages, counted from keys
messageSchema.index(
  { "sender.broadcastId": 1, status: 1, "error.code": 1, "statusAt.sent": 1 },
  { name: "broadcast", partialFilterExpression: { "sender.broadcastId": anyId } },
);
// search: the newest messages with a word
messageSchema.index({ words: 1, sentAt: -1 }, { name: "words", partialFilterExpression: { words: anyText } });

// Whoever writes a text need not think of its words: new messages and changed texts get them here.
messageSchema.pre("insertMany", (messages: unknown) => {
  for (const message of [messages].flat())
    if (isRecord(message)) message.words = wordsOf(typeof message.text === "string" ? message.text : null);
});
messageSchema.pre(["updateOne", "findOneAndUpdate"], function () {
  const update = this.getUpdate();
  if (!isRecord(update) || !isRecord(update.$set) || !("text" in update.$set)) return;
  const { text } = update.$set;
  this.set("words", wordsOf(typeof text === "string" ? text : null));
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
