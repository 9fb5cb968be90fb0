import type { ConnectOptions } from "mongoose";
import { env } from "../env/env";

/**
 * Options of every MongoClient, central and tenant. Small pools, since a container serves one request at a time;
 * a fixed, short selection timeout, since API Gateway gives up after 29 s; one monitoring socket per node (`poll`
 * opens no second one for round-trip times), asked often enough that a silent cluster is known within a request. Filters are sanitised: operators in a query filter are taken as values
 * unless they are wrapped in mongoose's `trusted()`.
 */
export function connectionOptions(): ConnectOptions {
  return {
    appName: env().AWS_LAMBDA_FUNCTION_NAME || "ecod",
    maxPoolSize: env().MONGODB_POOL_SIZE,
    minPoolSize: 0,
    maxIdleTimeMS: 60_000,
    serverSelectionTimeoutMS: 5_000,
    connectTimeoutMS: 5_000,
    waitQueueTimeoutMS: 10_000,
    serverMonitoringMode: "poll",
    heartbeatFrequencyMS: 2_000,
    writeConcern: { w: "majority" },
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    sanitizeFilter: true,
  };
}
