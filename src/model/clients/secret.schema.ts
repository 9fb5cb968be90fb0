import { type BaseRecord, recordSchema } from "../record.schema";

/** A sealed value of a tenant or of the platform: channel tokens, Meta app secrets. */
export interface SecretRecord extends BaseRecord {
  /** Empty for the platform's own. */
  clientCode: string;
  /** e.g. `whatsapp.token:<phoneNumberId>`. */
  name: string;
  envelope: string;
}

export const secretSchema = recordSchema<SecretRecord>("secrets", {
  clientCode: { type: String, default: "" },
  name: { type: String, required: true },
  envelope: { type: String, required: true },
});

secretSchema.index({ clientCode: 1, name: 1 }, { name: "name", unique: true });
