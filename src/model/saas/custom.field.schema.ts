import { type CustomFieldType, customFieldTypes } from "../../contracts/custom.field.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

/** A field of leads that the tenant made; values are in `lead.custom`, by key. */
export interface CustomFieldRecord extends BaseRecord {
  key: string;
  name: string;
  type: CustomFieldType;
  options: string[] | null;
  /** May searches ask for it? Then its values are indexed. Absent in fields older than the question: no. */
  filterable?: boolean;
}

export const customFieldSchema = recordSchema<CustomFieldRecord>("customFields", {
  key: { type: String, required: true },
  name: { type: String, required: true },
  type: { type: String, enum: customFieldTypes, required: true },
  options: { type: [String], default: null },
  filterable: { type: Boolean },
});

customFieldSchema.index({ key: 1 }, { name: "key", unique: true });
