import { plainSchema } from "../record.schema";

/** Counters of the tenant; `events` numbers the log. */
export interface CounterRecord {
  _id: string;
  value: number;
  /** Written by what records no event and yet must not overlap with changes that do. */
  heldAt?: Date;
  /** Of `events`: another one after every change of a rule. */
  rules?: string;
}

export const counterSchema = plainSchema<CounterRecord>("counters", {
  _id: { type: String, required: true },
  value: { type: Number, required: true, default: 0 },
  heldAt: { type: Date, default: undefined },
  rules: { type: String },
});
