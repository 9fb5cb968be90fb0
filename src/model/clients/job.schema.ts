import { Schema, type Types } from "mongoose";
import { jobStateNames } from "../../contracts/job.contract";
import { plainSchema } from "../record.schema";

export type JobState = (typeof jobStateNames)[number];

export interface JobError {
  at: Date;
  code: string;
  /** Our sentence; never a driver's message. */
  detail: string;
}

/** A background job. Holds ids, codes and our own sentences: never a phone number, a name or a text. */
export interface JobRecord {
  _id: Types.ObjectId;
  /** Copied from the payload, which is where the worker reads it. */
  clientCode: string;
  queue: string;
  type: string;
  payload: Record<string, unknown>;
  payloadVersion: number;
  state: JobState;
  /** Higher first. A keyed job has none. */
  priority: number;
  runAt: Date;
  /** +1 at the claim. */
  attempts: number;
  maxAttempts: number;
  /** How long its worker may be silent, in ms; copied from the catalogue, so that the server can add it to its clock. */
  leaseMs: number;
  /** +1 when a lease runs out; three make a job dead. */
  crashes: number;
  /** Only while running: the fence of every later write. */
  token?: string;
  /** Only while running. */
  workerId?: string;
  leaseUntil?: Date;
  /** Start of the latest attempt. */
  startedAt?: Date;
  /** The unique key it was enqueued with; stays when the job ends. */
  key?: string;
  /** Coalesces jobs that have not ended; unset when the job ends. */
  activeKey?: string;
  /** Jobs of one key run one at a time in `orderingSeq` order; only its `head` may be waiting. */
  orderingKey?: string;
  orderingSeq?: number;
  head?: boolean;
  /** `key`: in line behind its key's head. `type`: parked, since its type is paused or not known to the worker. */
  blockedBy: null | "key" | "type";
  cancelRequestedAt?: Date;
  progress?: number;
  result?: Record<string, unknown>;
  lastError?: JobError;
  /** The last five. */
  failures: JobError[];
  requestId: string;
  createdAt: Date;
  finishedAt?: Date;
  /** When a done or cancelled job leaves; the dead stay until somebody decides. */
  expireAt?: Date;
}

const jobErrorSchema = new Schema<JobError>({ at: Date, code: String, detail: String }, { _id: false });

export const jobSchema = plainSchema<JobRecord>("jobs", {
  clientCode: { type: String, required: true },
  queue: { type: String, required: true },
  type: { type: String, required: true },
  payload: { type: Schema.Types.Mixed, required: true },
  payloadVersion: { type: Number, required: true },
  state: { type: String, enum: jobStateNames, required: true },
  priority: { type: Number, default: 0 },
  runAt: { type: Date, required: true },
  attempts: { type: Number, default: 0 },
  maxAttempts: { type: Number, required: true },
  leaseMs: { type: Number, required: true },
  crashes: { type: Number, default: 0 },
  token: String,
  workerId: String,
  leaseUntil: Date,
  startedAt: Date,
  key: String,
  activeKey: String,
  orderingKey: String,
  orderingSeq: Number,
  head: Boolean,
  blockedBy: { type: String, enum: [null, "key", "type"], default: null },
  cancelRequestedAt: Date,
  progress: Number,
  result: { type: Schema.Types.Mixed },
  lastError: { type: jobErrorSchema },
  failures: { type: [jobErrorSchema], default: [] },
  requestId: { type: String, required: true },
  createdAt: { type: Date, required: true },
  finishedAt: Date,
  expireAt: Date,
});

// claim: state and queue equal, one tenant, best first; as small as the backlog
jobSchema.index(
  { state: 1, queue: 1, clientCode: 1, priority: -1, runAt: 1, _id: 1 },
  { name: "claim", partialFilterExpression: { state: "waiting" } },
);
// reap: running past its lease
jobSchema.index({ leaseUntil: 1 }, { name: "lease", partialFilterExpression: { state: "running" } });
// read back, beat and complete what one claim won
jobSchema.index({ token: 1 }, { name: "token", partialFilterExpression: { state: "running" } });
// promote: scheduled and due
jobSchema.index(
  { runAt: 1 },
  { name: "due", partialFilterExpression: { state: "scheduled", blockedBy: null } },
);
// one unended head per ordering key
jobSchema.index(
  { clientCode: 1, orderingKey: 1 },
  { name: "head", unique: true, partialFilterExpression: { head: true } },
);
// the next in line behind a head
jobSchema.index(
  { clientCode: 1, orderingKey: 1, orderingSeq: 1 },
  { name: "line", partialFilterExpression: { blockedBy: "key" } },
);
// parked jobs, to be let go when their type is known and not paused
jobSchema.index(
  { type: 1, payloadVersion: 1 },
  { name: "parked", partialFilterExpression: { blockedBy: "type" } },
);
// one unended job per unique key
jobSchema.index(
  { clientCode: 1, type: 1, activeKey: 1 },
  { name: "active", unique: true, partialFilterExpression: { activeKey: { $exists: true } } },
);
// done jobs leave by themselves
jobSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });
// counts and lists of what waits for its time, and of the dead: small beside what is done
jobSchema.index(
  { state: 1, queue: 1, clientCode: 1, runAt: 1 },
  { name: "later", partialFilterExpression: { state: "scheduled" } },
);
jobSchema.index(
  { state: 1, queue: 1, clientCode: 1, _id: -1 },
  { name: "dead", partialFilterExpression: { state: "dead" } },
);
// the admin's lists
jobSchema.index({ clientCode: 1, state: 1, _id: -1 }, { name: "admin" });

/** `<queue>:<shard>`: the poller that serves a part of a queue's tenants. A lease: one that died is free when it runs out. */
export interface JobPollerRecord {
  _id: string;
  holder: string;
  until: Date;
}
export const jobPollerSchema = plainSchema<JobPollerRecord>("jobPollers", {
  _id: { type: String, required: true },
  holder: { type: String, required: true },
  until: { type: Date, required: true },
});
