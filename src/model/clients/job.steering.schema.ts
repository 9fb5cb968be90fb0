import { Schema } from "mongoose";
import { plainSchema } from "../record.schema";

/**
 * How the platform steers the queue: `queue:<name>`, `type:<job>`, `tenant:<clientCode>`, and `tenant:*` for every
 * tenant without a row of its own. Absent: runs, weight 1, no limits.
 */
export interface JobSteeringRecord {
  _id: string;
  /** Its jobs wait while this is set. */
  pausedAt: Date | null;
  /** Tenants only: how much of the common capacity, beside the others' weights. */
  weight?: number | null;
  /** Tenants only: how many of its jobs of a queue may run at once, over all workers. */
  maxRunning?: number | null;
  /** Tenants and queues: how many jobs may start in a minute. */
  ratePerMinute?: number | null;
  /** Name of the admin who set it last. */
  by: string;
  at: Date;
}

export const jobSteeringSchema = plainSchema<JobSteeringRecord>("jobSteering", {
  _id: { type: String, required: true },
  pausedAt: { type: Date, default: null },
  weight: { type: Number, default: null },
  maxRunning: { type: Number, default: null },
  ratePerMinute: { type: Number, default: null },
  by: { type: String, required: true },
  at: { type: Date, required: true },
});

/** One runner's part of a limited tenant or queue. Past `until` it counts no more: what died heals by itself. */
export interface JobSlotLease {
  holder: string;
  count: number;
  until: Date;
}

/** `<queue>:<clientCode>` or `<queue>:*`: who runs how many of it now, and how many may still start in this minute. */
export interface JobSlotRecord {
  _id: string;
  leases: JobSlotLease[];
  tokens?: number;
  refilledAt?: Date;
  /** What the latest request got, so that it can be read from the answer of the very update. */
  granted: number;
}

const leaseSchema = new Schema<JobSlotLease>({ holder: String, count: Number, until: Date }, { _id: false });

export const jobSlotSchema = plainSchema<JobSlotRecord>("jobSlots", {
  _id: { type: String, required: true },
  leases: { type: [leaseSchema], default: [] },
  tokens: Number,
  refilledAt: Date,
  granted: { type: Number, default: 0 },
});
