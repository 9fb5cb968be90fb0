/** What admins decided about the queue, read whole: only what differs from the defaults has a row. */
import type { JobSteeringRecord } from "../../model/clients/job.steering.schema";
import { isJobName, type JobName, jobDefinition, type QueueName } from "./job.catalog";
import { jobsCollection, steeringCollection } from "./jobs.collection";
import { stackNow } from "./server.time";

/** What can be steered. */
export type SteeringTarget = `queue:${QueueName}` | `type:${JobName}` | `tenant:${string}`;

/** Limits of a tenant or a queue; null: none. */
export interface Limits {
  readonly weight: number;
  readonly maxRunning: number | null;
  readonly ratePerMinute: number | null;
}

export class Steering {
  private readonly rows: ReadonlyMap<string, JobSteeringRecord>;

  constructor(rows: readonly JobSteeringRecord[]) {
    this.rows = new Map(rows.map((row) => [row._id, row]));
  }

  isPaused(target: SteeringTarget | `type:${string}`): boolean {
    return this.rows.get(target)?.pausedAt instanceof Date;
  }

  /** A tenant's own limits, else those of `tenant:*`. */
  limitsOf(clientCode: string): Limits {
    const own = this.rows.get(`tenant:${clientCode}`);
    const common = this.rows.get("tenant:*");
    return {
      weight: own?.weight ?? common?.weight ?? 1,
      maxRunning: own?.maxRunning ?? common?.maxRunning ?? null,
      ratePerMinute: own?.ratePerMinute ?? common?.ratePerMinute ?? null,
    };
  }

  rateOfQueue(queue: QueueName): number | null {
    return this.rows.get(`queue:${queue}`)?.ratePerMinute ?? null;
  }
}

/** Reads it all: a handful of rows. */
export async function readSteering(): Promise<Steering> {
  return new Steering(await (await steeringCollection()).find().toArray());
}

/** Notes a pause. Waiting jobs of a paused type are parked, so that claims need not step over them. */
export async function pause(target: SteeringTarget, by: string): Promise<void> {
  const steering = await steeringCollection();
  await steering.updateOne(
    { _id: target },
    [
      {
        $set: {
          pausedAt: { $ifNull: ["$pausedAt", stackNow()] },
          by: { $literal: by },
          at: stackNow(),
        },
      },
    ],
    { upsert: true },
  );
  const type = typeOf(target);
  if (type) await parkWaiting(type);
}

/** Takes a pause back; parked jobs of a type are let go. */
export async function resume(target: SteeringTarget, by: string): Promise<void> {
  const steering = await steeringCollection();
  await steering.updateOne({ _id: target }, [
    { $set: { pausedAt: null, by: { $literal: by }, at: stackNow() } },
  ]);
  const type = typeOf(target);
  if (type) await unparkType(type);
}

/** Sets limits of a tenant, of all tenants (`tenant:*`) or of a queue; null takes one away. */
export async function limit(
  target: SteeringTarget,
  limits: { [K in keyof Limits]?: number | null | undefined },
  by: string,
): Promise<void> {
  const steering = await steeringCollection();
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  await steering.updateOne(
    { _id: target },
    [
      {
        $set: {
          pausedAt: { $ifNull: ["$pausedAt", null] },
          ...Object.fromEntries(given),
          by: { $literal: by },
          at: stackNow(),
        },
      },
    ],
    { upsert: true },
  );
}

/** Parks every waiting job of a type. */
async function parkWaiting(type: JobName): Promise<void> {
  const jobs = await jobsCollection();
  await jobs.updateMany(
    { state: "waiting", queue: jobDefinition(type).queue, type },
    { $set: { state: "scheduled", blockedBy: "type" } },
  );
}

/** Lets parked jobs of a type go that this build can read. @returns how many. */
export async function unparkType(type: JobName): Promise<number> {
  const jobs = await jobsCollection();
  const update = await jobs.updateMany(
    { type, payloadVersion: { $lte: jobDefinition(type).payloadVersion }, blockedBy: "type" },
    { $set: { state: "waiting", blockedBy: null } },
    { hint: "parked" },
  );
  return update.modifiedCount;
}

function typeOf(target: SteeringTarget): JobName | undefined {
  const [kind, name] = target.split(":", 2);
  return kind === "type" && name !== undefined && isJobName(name) ? name : undefined;
}
