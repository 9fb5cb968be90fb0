import { Schema } from "mongoose";
import { clientStatuses } from "../../contracts/client.contract";
import { anyText, type BaseRecord, recordSchema } from "../record.schema";

export interface ApiKeyRecord {
  keyId: string;
  name: string;
  /** SHA-256 of the secret, hex. The key itself is shown once and never stored. */
  hash: string;
  last4: string;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
}

/** A tenant. */
export interface ClientRecord extends BaseRecord {
  clientCode: string;
  name: string;
  /** `provisioning` until its database is ready: a creation that was cut off goes on from there. */
  status: (typeof clientStatuses)[number];
  suspendedReason: string | null;
  suspendedAt: Date | null;
  apiKeys: ApiKeyRecord[];
}

export const clientSchema = recordSchema<ClientRecord>("clients", {
  clientCode: { type: String, required: true },
  name: { type: String, required: true },
  status: { type: String, enum: clientStatuses, required: true },
  suspendedReason: { type: String, default: null },
  suspendedAt: { type: Date, default: null },
  apiKeys: {
    type: [
      new Schema<ApiKeyRecord>(
        {
          keyId: { type: String, required: true },
          name: { type: String, required: true },
          hash: { type: String, required: true },
          last4: { type: String, required: true },
          scopes: { type: [String], default: [] },
          createdAt: { type: Date, required: true },
          expiresAt: { type: Date, default: null },
          revokedAt: { type: Date, default: null },
          lastUsedAt: { type: Date, default: null },
        },
        { _id: false },
      ),
    ],
    default: [],
  },
});

clientSchema.index({ clientCode: 1 }, { name: "code", unique: true });
// verifyCoreToken: by key id
clientSchema.index(
  { "apiKeys.keyId": 1 },
  { name: "key", unique: true, partialFilterExpression: { "apiKeys.keyId": anyText } },
);
