import { type BaseRecord, recordSchema } from "../record.schema";

/** A person who works for a tenant: can own leads, be assigned conversations and be notified. */
export interface UserRecord extends BaseRecord {
  clientCode: string;
  key: string;
  name: string;
  emailLower: string;
  status: "active" | "disabled";
  /** Whether new work may be given to the person. */
  availability: "available" | "away";
  /** When an absence ends by itself; null: when the person says so. */
  awayUntil: Date | null;
}

export const userSchema = recordSchema<UserRecord>("users", {
  clientCode: { type: String, required: true },
  key: { type: String, required: true },
  name: { type: String, required: true },
  emailLower: { type: String, required: true },
  status: { type: String, enum: ["active", "disabled"], default: "active" },
  availability: { type: String, enum: ["available", "away"], default: "available" },
  awayUntil: { type: Date, default: null },
});

userSchema.index({ clientCode: 1, key: 1 }, { name: "key", unique: true });
userSchema.index({ clientCode: 1, emailLower: 1 }, { name: "email", unique: true });
