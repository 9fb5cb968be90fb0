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
  qualityRating: string | null;
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
  qualityRating: { type: String, default: null },
  isDefault: { type: Boolean, default: false },
});

connectionSchema.index({ phoneNumberId: 1 }, { name: "number", unique: true });
// template and account webhooks name only the WABA
connectionSchema.index({ wabaId: 1 }, { name: "waba" });
