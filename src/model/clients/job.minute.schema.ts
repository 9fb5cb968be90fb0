import { plainSchema } from "../record.schema";

/** What runners did for one tenant in one queue in one minute; its `_id` is `<queue>:<clientCode>:<minute>`. */
export interface JobMinuteRecord {
  _id: string;
  queue: string;
  clientCode: string;
  /** Its beginning, by the stack's clock. */
  minute: Date;
  /** Attempts that ended their job well. */
  done: number;
  /** Attempts that went wrong, whether the job is tried again or dead. */
  failed: number;
  dead: number;
  /** Attempts after which the job waits to be tried again, also where its handler only asked to wait. */
  retried: number;
  /** Attempts whose worker fell silent; they are among the failed. Absent in rows of an earlier release. */
  crashed?: number;
  /** How many attempts were picked up within so many ms of their due time, by the bound of their bucket. */
  lag: Record<string, number>;
  expireAt: Date;
}

export const jobMinuteSchema = plainSchema<JobMinuteRecord>("jobMinutes", {
  _id: { type: String, required: true },
  queue: { type: String, required: true },
  clientCode: { type: String, required: true },
  minute: { type: Date, required: true },
  done: { type: Number, default: 0 },
  failed: { type: Number, default: 0 },
  dead: { type: Number, default: 0 },
  retried: { type: Number, default: 0 },
  crashed: { type: Number, default: 0 },
  lag: { type: Object, default: {} },
  expireAt: { type: Date, required: true },
});
// the last minutes of everybody
jobMinuteSchema.index({ minute: 1 }, { name: "minute" });
jobMinuteSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
