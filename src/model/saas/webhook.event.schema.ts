import type { Types } from "mongoose";
import { webhookEventStates } from "../../contracts/webhook.event.contract";
import { type WebhookItemKind, webhookItemKinds } from "../../contracts/whatsapp.webhook.contract";
import { anyText, plainSchema } from "../record.schema";

/** One item of a webhook as Meta sent it: the truth that everything after it is derived from. */
export interface WebhookEventRecord {
  _id: Types.ObjectId;
  /** `m:<phoneNumberId>:<wamid>`, `s:<wamid>:<status>:<recipient>` or `h:<hash of WABA, field, time, value>`. */
  dedupeKey: string;
  field: string;
  kind: WebhookItemKind;
  /** What it is within its field, e.g. the type of a message: what unread kinds are counted by. */
  what: string | null;
  wabaId: string;
  phoneNumberId: string | null;
  /** The item with its metadata and contact, as JSON text: safe from BSON's limits on depth and key names. */
  raw: string;
  state: (typeof webhookEventStates)[number];
  /** Why it was ignored or failed, in our words. */
  reason: string | null;
  /** While parked: what must appear before it can be processed, e.g. `s:<wamid>` or an identity key. */
  waitsFor?: string[];
  attempts: number;
  receivedAt: Date;
  processedAt: Date | null;
  requestId: string;
  /** The Meta app over whose address it came. */
  endpointId?: string;
  expireAt: Date | null;
}

export const webhookEventSchema = plainSchema<WebhookEventRecord>("webhookEvents", {
  dedupeKey: { type: String, required: true },
  field: { type: String, required: true },
  kind: { type: String, enum: webhookItemKinds, required: true },
  what: { type: String, default: null },
  wabaId: { type: String, required: true },
  phoneNumberId: { type: String, default: null },
  raw: { type: String, required: true },
  state: { type: String, enum: webhookEventStates, default: "received" },
  reason: { type: String, default: null },
  waitsFor: { type: [String], default: [] },
  attempts: { type: Number, default: 0 },
  receivedAt: { type: Date, required: true },
  processedAt: { type: Date, default: null },
  requestId: { type: String, required: true },
  endpointId: { type: String },
  expireAt: { type: Date, default: null },
});

webhookEventSchema.index({ dedupeKey: 1 }, { name: "dedupe", unique: true });
// the sweep: received and not yet processed
webhookEventSchema.index(
  { receivedAt: 1 },
  { name: "received", partialFilterExpression: { state: "received" } },
);
// the admin's lists of what was ignored or failed, which is little beside what was processed
webhookEventSchema.index(
  { state: 1, _id: -1 },
  { name: "reason", partialFilterExpression: { reason: anyText } },
);

// parked items, when what they wait for appears
webhookEventSchema.index(
  { waitsFor: 1 },
  { name: "parked", partialFilterExpression: { waitsFor: { $gt: "" } } },
);
// what came and was not used, counted by kind
webhookEventSchema.index({ state: 1, field: 1, what: 1, receivedAt: -1 }, { name: "kinds" });
webhookEventSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
