import { Schema, type Types } from "mongoose";
import { notificationKinds } from "../../contracts/notification.contract";
import { anyId, anyText, plainSchema } from "../record.schema";

/** What a person is told inside the product; a front end shows it and marks it read. */
export interface NotificationRecord {
  _id: Types.ObjectId;
  /** Key of a user. */
  userId: string;
  kind: (typeof notificationKinds)[number];
  text: string;
  leadId: Types.ObjectId | null;
  conversationId: Types.ObjectId | null;
  taskId: Types.ObjectId | null;
  readAt: Date | null;
  /** Whether it was read, for the index of lists. */
  read: boolean;
  /** What caused it, so that a retried rule step tells once. */
  effectKey: string | null;
  createdAt: Date;
  /** 90 days after it was made, on real time. */
  expireAt: Date;
}

export const notificationSchema = plainSchema<NotificationRecord>("notifications", {
  userId: { type: String, required: true },
  kind: {
    type: String,
    enum: notificationKinds,
    required: true,
  },
  text: { type: String, required: true },
  leadId: { type: Schema.Types.ObjectId, default: null },
  conversationId: { type: Schema.Types.ObjectId, default: null },
  taskId: { type: Schema.Types.ObjectId, default: null },
  readAt: { type: Date, default: null },
  read: { type: Boolean, default: false },
  effectKey: { type: String, default: null },
  createdAt: { type: Date, required: true },
  expireAt: { type: Date, required: true },
});

// a person's notifications, newest first
notificationSchema.index({ userId: 1, read: 1, createdAt: -1, _id: -1 }, { name: "user" });
// what speaks of a lead, when it is merged or erased
notificationSchema.index({ leadId: 1 }, { name: "lead", partialFilterExpression: { leadId: anyId } });
// a retried rule step tells once
notificationSchema.index(
  { effectKey: 1, userId: 1 },
  { name: "effect", unique: true, partialFilterExpression: { effectKey: anyText } },
);
notificationSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
