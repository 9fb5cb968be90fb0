import { plainSchema } from "../record.schema";

/**
 * How fast may be sent: `number:<connection>`, `account:<WABA>`, `pair:<conversation>`. The place of a number is taken
 * here by every process that sends, so that together they keep to its throughput; holds are what Meta's refusals taught.
 */
export interface SendPaceRecord {
  _id: string;
  /** Nothing is sent before: Meta said that it is too much. */
  heldUntil: Date | null;
  /** Refusals in a row. */
  hits: number;
  hitAt: Date | null;
  /** Learned messages per second of a number at `hitAt`; it grows again from there. */
  perSecond: number | null;
  /** When the number's next place is free. */
  nextAt: Date | null;
  /** When the last one that was turned away comes back. */
  tailAt: Date | null;
  /** What the last one who asked was told. */
  granted: boolean;
  waitMs: number;
  expireAt: Date;
}

export const sendPaceSchema = plainSchema<SendPaceRecord>("sendPaces", {
  _id: { type: String, required: true },
  heldUntil: { type: Date, default: null },
  hits: { type: Number, default: 0 },
  hitAt: { type: Date, default: null },
  perSecond: { type: Number, default: null },
  nextAt: { type: Date, default: null },
  tailAt: { type: Date, default: null },
  granted: { type: Boolean, default: false },
  waitMs: { type: Number, default: 0 },
  expireAt: { type: Date, required: true },
});
sendPaceSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
