import { plainSchema } from "../record.schema";

/** Counters of the tenant; `events` numbers the log. */
export interface CounterRecord {
  _id: string;
  value: number;
}

export const counterSchema = plainSchema<CounterRecord>("counters", {
  _id: { type: String, required: true },
  value: { type: Number, required: true, default: 0 },
});
