import type { Connection, mongo } from "mongoose";
import { centralConnection } from "../../lib/db/central.connection";
import { env } from "../../lib/env/env";
import type { JobMinuteRecord } from "../../model/clients/job.minute.schema";
import type { JobPollerRecord, JobRecord } from "../../model/clients/job.schema";
import type { JobSlotRecord, JobSteeringRecord } from "../../model/clients/job.steering.schema";
import type { PlatformMarkRecord } from "../../model/clients/platform.schema";

export type JobsCollection = mongo.Collection<JobRecord>;

/** A collection of the central database, made once for its connection: making one costs a tenth of a statement. */
function central<T extends mongo.Document>(name: string): () => Promise<mongo.Collection<T>> {
  let made: { readonly connection: Connection; readonly collection: mongo.Collection<T> } | undefined;
  return async () => {
    const connection = await centralConnection();
    if (made?.connection !== connection) {
      const database = connection.getClient().db(env().ECOD_CENTRAL_DB);
      made = { connection, collection: database.collection<T>(name) };
    }
    return made.collection;
  };
}

/** `services.jobs` as the driver gives it: the queue's statements are hot and need none of mongoose's casting. */
export const jobsCollection = central<JobRecord>("jobs");

/** The platform's small marks, for statements that compare with the server's clock. */
export const marksCollection = central<PlatformMarkRecord>("platformMarks");

/** Who serves which shard. */
export const pollersCollection = central<JobPollerRecord>("jobPollers");

/** How the platform steers the queue. */
export const steeringCollection = central<JobSteeringRecord>("jobSteering");

/** Who runs how many of what is limited. */
export const slotsCollection = central<JobSlotRecord>("jobSlots");

/** What was done, by the minute. */
export const minutesCollection = central<JobMinuteRecord>("jobMinutes");
