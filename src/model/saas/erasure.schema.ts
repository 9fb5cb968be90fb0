import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

/** The proof that a person was erased: who asked, when, what went. Holds nothing of the person. */
export interface ErasureRecord extends BaseRecord {
  leadId: Types.ObjectId;
  state: "queued" | "running" | "done";
  reason: string | null;
  requestedBy: Actor;
  requestId: string;
  /** Keyed hashes of the person's numbers and ids: whoever has the number can show that it was meant. */
  identifierHashes: string[];
  /** Rows that went, by collection. */
  counts: Record<string, number>;
  endedAt: Date | null;
}

export const erasureSchema = recordSchema<ErasureRecord>("erasures", {
  leadId: { type: Schema.Types.ObjectId, required: true },
  state: { type: String, enum: ["queued", "running", "done"], required: true },
  reason: { type: String, default: null },
  requestedBy: { type: Schema.Types.Mixed, required: true },
  requestId: { type: String, required: true },
  identifierHashes: { type: [String], default: [] },
  counts: { type: Schema.Types.Mixed, default: {} },
  endedAt: { type: Date, default: null },
});

// one erasure per person, however often it is asked for
erasureSchema.index({ leadId: 1 }, { name: "lead", unique: true });
erasureSchema.index({ createdAt: -1, _id: -1 }, { name: "created" });
// the sweep: asked for and not done
erasureSchema.index(
  { updatedAt: 1 },
  { name: "undone", partialFilterExpression: { state: { $in: ["queued", "running"] } } },
);
