import { type BaseRecord, recordSchema } from "../record.schema";

/** Why deals are lost, as the tenant names it; rules and leads hold on to the key. */
export interface LostReasonRecord extends BaseRecord {
  key: string;
  name: string;
  order: number;
  archived: boolean;
}

export const lostReasonSchema = recordSchema<LostReasonRecord>("lostReasons", {
  key: { type: String, required: true },
  name: { type: String, required: true },
  order: { type: Number, required: true },
  archived: { type: Boolean, default: false },
});

lostReasonSchema.index({ key: 1 }, { name: "key", unique: true });
lostReasonSchema.index({ order: 1, _id: 1 }, { name: "order" });
