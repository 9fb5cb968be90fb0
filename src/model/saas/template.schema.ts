import { Schema } from "mongoose";
import { type BaseRecord, recordSchema } from "../record.schema";

/** A message template as Meta last told us; identity is (WABA, name, language). */
export interface TemplateRecord extends BaseRecord {
  wabaId: string;
  name: string;
  language: string;
  providerId: string;
  /** Meta's status word; only APPROVED can be sent, unknown words cannot. */
  status: string;
  category: string;
  parameterFormat: "POSITIONAL" | "NAMED";
  components: Record<string, unknown>[];
  quality: string | null;
  rejectedReason: string | null;
  /** When it was edited while it was approved: Meta allows one a day and ten in 30 days. */
  edits?: Date[];
  syncedAt: Date;
  deletedAt: Date | null;
}

export const templateSchema = recordSchema<TemplateRecord>("templates", {
  wabaId: { type: String, required: true },
  name: { type: String, required: true },
  language: { type: String, required: true },
  providerId: { type: String, required: true },
  status: { type: String, required: true },
  category: { type: String, required: true },
  parameterFormat: { type: String, enum: ["POSITIONAL", "NAMED"], required: true },
  components: { type: Schema.Types.Mixed, default: () => [] },
  quality: { type: String, default: null },
  rejectedReason: { type: String, default: null },
  edits: { type: [Date], default: () => [] },
  syncedAt: { type: Date, required: true },
  deletedAt: { type: Date, default: null },
});

templateSchema.index({ wabaId: 1, name: 1, language: 1 }, { name: "identity", unique: true });
// the list by name; a send by name and language
templateSchema.index({ name: 1, language: 1, _id: 1 }, { name: "name" });
