import { Schema } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import type { Condition } from "../../contracts/condition.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

/** A search for leads under a name. */
export interface SavedSearchRecord extends BaseRecord {
  name: string;
  condition: Condition | null;
  query: string | null;
  createdBy: Actor;
}

export const savedSearchSchema = recordSchema<SavedSearchRecord>("savedSearches", {
  name: { type: String, required: true },
  condition: { type: Schema.Types.Mixed, default: null },
  query: { type: String, default: null },
  createdBy: { type: Schema.Types.Mixed, required: true },
});

savedSearchSchema.index({ name: 1 }, { name: "name", unique: true });
