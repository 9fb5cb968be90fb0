import { plainSchema } from "../record.schema";

/** The shared bucket of one API key: how many requests it may still make now, over all containers. */
export interface ApiRateRecord {
  /** Key id. */
  _id: string;
  tokens: number;
  refilledAt: Date;
  /** What the latest asker got, so that it can be read from the answer of the very update. */
  granted: number;
  expireAt: Date;
}

export const apiRateSchema = plainSchema<ApiRateRecord>("apiRates", {
  _id: { type: String, required: true },
  tokens: { type: Number, required: true },
  refilledAt: { type: Date, required: true },
  granted: { type: Number, default: 0 },
  expireAt: { type: Date, required: true },
});
apiRateSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
