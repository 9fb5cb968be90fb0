import type { mongo } from "mongoose";
import { centralConnection } from "../../lib/db/central.connection";
import { env } from "../../lib/env/env";
import type { JobMinuteRecord } from "../../model/clients/job.minute.schema";
import type { JobPollerRecord, JobRecord } from "../../model/clients/job.schema";
import type { JobSlotRecord, JobSteeringRecord } from "../../model/clients/job.steering.schema";
import type { PlatformMarkRecord } from "../../model/clients/platform.schema";

export type JobsCollection = mongo.Collection<JobRecord>;

async function central<T extends mongo.Document>(name: string): Promise<mongo.Collection<T>> {
  const connection = await centralConnection();
  return connection.getClient().db(env().ECOD_CENTRAL_DB).collection<T>(name);
}

/** `services.jobs` as the driver gives it: the queue's statements are hot and need none of mongoose's casting. */
export const jobsCollection = (): Promise<JobsCollection> => central<JobRecord>("jobs");

/** The platform's small marks, for statements that compare with the server's clock. */
export const marksCollection = (): Promise<mongo.Collection<PlatformMarkRecord>> =>
  central<PlatformMarkRecord>("platformMarks");

/** Who serves which shard. */
export const pollersCollection = (): Promise<mongo.Collection<JobPollerRecord>> =>
  central<JobPollerRecord>("jobPollers");

/** How the platform steers the queue. */
export const steeringCollection = (): Promise<mongo.Collection<JobSteeringRecord>> =>
  central<JobSteeringRecord>("jobSteering");

/** Who runs how many of what is limited. */
export const slotsCollection = (): Promise<mongo.Collection<JobSlotRecord>> =>
  central<JobSlotRecord>("jobSlots");

/** What was done, by the minute. */
export const minutesCollection = (): Promise<mongo.Collection<JobMinuteRecord>> =>
  central<JobMinuteRecord>("jobMinutes");
