import { mongo } from "mongoose";
import { connectionOptions } from "../src/lib/db/connection.options";
import { env } from "../src/lib/env/env";

/** The driver with nothing of ours around it, but with the product's sockets and write concern. */
export function bareDriver(): mongo.MongoClient {
  const { maxPoolSize, writeConcern, serverMonitoringMode } = connectionOptions();
  return new mongo.MongoClient(env().MONGODB_URI, {
    maxPoolSize,
    writeConcern,
    serverMonitoringMode,
    appName: "bench-bare",
  });
}
