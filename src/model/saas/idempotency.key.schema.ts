import { Schema, type Types } from "mongoose";
import { anyId, plainSchema } from "../record.schema";

/** The answer to a request with an Idempotency-Key, or the lease of the request that is making it. */
export interface IdempotencyKeyRecord {
  _id: Types.ObjectId;
  route: string;
  key: string;
  /** HMAC of the body: the same key with another body is refused. */
  bodyHash: string;
  state: "running" | "done";
  /** By the stack's clock: the answer counts for 24 hours from here. */
  startedAt: Date;
  leaseUntil: Date;
  /** Whoever holds the lease; a request that lost it stores nothing. */
  token: string;
  /** Names what the request brings about; whoever takes its lease over finds that again. */
  effectId: Types.ObjectId;
  status: number | null;
  headers: Record<string, string>;
  body: string | null;
  /** The person the answer speaks of, so that erasure finds it. */
  leadId: Types.ObjectId | null;
  expireAt: Date;
}

export const idempotencyKeySchema = plainSchema<IdempotencyKeyRecord>("idempotencyKeys", {
  route: { type: String, required: true },
  key: { type: String, required: true },
  bodyHash: { type: String, required: true },
  state: { type: String, enum: ["running", "done"], required: true },
  startedAt: { type: Date, required: true },
  leaseUntil: { type: Date, required: true },
  token: { type: String, required: true },
  effectId: { type: Schema.Types.ObjectId, required: true },
  status: { type: Number, default: null },
  headers: { type: Schema.Types.Mixed, default: {} },
  body: { type: String, default: null },
  leadId: { type: Schema.Types.ObjectId, default: null },
  expireAt: { type: Date, required: true },
});

idempotencyKeySchema.index({ route: 1, key: 1 }, { name: "key", unique: true });
// a person's answers, when the person is erased
idempotencyKeySchema.index({ leadId: 1 }, { name: "lead", partialFilterExpression: { leadId: anyId } });
idempotencyKeySchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
