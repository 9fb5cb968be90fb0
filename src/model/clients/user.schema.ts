import { type BaseRecord, recordSchema } from "../record.schema";

/** A person who works for a tenant: can own leads, be assigned conversations and be notified. */
export interface UserRecord extends BaseRecord {
  clientCode: string;
  key: string;
  name: string;
  emailLower: string;
  status: "active" | "disabled";
}

export const userSchema = recordSchema<UserRecord>("users", {
  clientCode: { type: String, required: true },
  key: { type: String, required: true },
  name: { type: String, required: true },
  emailLower: { type: String, required: true },
  status: { type: String, enum: ["active", "disabled"], default: "active" },
});

userSchema.index({ clientCode: 1, key: 1 }, { name: "key", unique: true });
userSchema.index({ clientCode: 1, emailLower: 1 }, { name: "email", unique: true });
