import { Schema } from "mongoose";
import { type BaseRecord, recordSchema } from "../record.schema";

/** A WhatsApp number of the tenant. Its token is in the central `Secret`, never here. */
export interface ConnectionRecord extends BaseRecord {
  channel: "whatsapp";
  phoneNumberId: string;
  wabaId: string;
  displayPhoneNumber: string;
  verifiedName: string | null;
  /** `paused` after token loss or a Meta restriction: sends wait, nothing is lost. */
  state: "active" | "paused" | "disconnected";
  pausedReason: string | null;
  pausedAt: Date | null;
  /** What came for it later is not this tenant's. */
  disconnectedAt?: Date | null;
  qualityRating: string | null;
  /** How many people may be written to first in 24 h, in Meta's word. */
  messagingLimit?: string | null;
  /** Meta's word on the display name. */
  nameStatus?: string | null;
  /** Meta's word on whether the number was proved to be the business's. */
  codeVerification?: string | null;
  /** Where Meta runs the number; `CLOUD_API` when it is registered. */
  platform?: string | null;
  /** Meta's last word on the account: a review's decision, or the event that stopped it. */
  accountStatus?: string | null;
  /** When each of these was told; an older one changes nothing. */
  toldAt?: Record<string, Date>;
  /** Meta's throughput of the number, sent and received; null: not known, so the standard 80. */
  messagesPerSecond?: number | null;
  isDefault: boolean;
}

export const connectionSchema = recordSchema<ConnectionRecord>("connections", {
  channel: { type: String, enum: ["whatsapp"], required: true },
  phoneNumberId: { type: String, required: true },
  wabaId: { type: String, required: true },
  displayPhoneNumber: { type: String, required: true },
  verifiedName: { type: String, default: null },
  state: { type: String, enum: ["active", "paused", "disconnected"], default: "active" },
  pausedReason: { type: String, default: null },
  pausedAt: { type: Date, default: null },
  disconnectedAt: { type: Date, default: null },
  qualityRating: { type: String, default: null },
  messagingLimit: { type: String, default: null },
  nameStatus: { type: String, default: null },
  codeVerification: { type: String, default: null },
  platform: { type: String, default: null },
  accountStatus: { type: String, default: null },
  toldAt: { type: Schema.Types.Mixed, default: () => ({}) },
  messagesPerSecond: { type: Number, default: null },
  isDefault: { type: Boolean, default: false },
});

connectionSchema.index({ phoneNumberId: 1 }, { name: "number", unique: true });
// template and account webhooks name only the WABA
connectionSchema.index({ wabaId: 1 }, { name: "waba" });
