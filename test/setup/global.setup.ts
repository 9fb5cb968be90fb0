import { startMongo } from "../../dev/mongo/start.mongo";
import { adoptEnvironment } from "../../src/lib/env/env";
import { rememberMongo } from "./run.mongo";

/** One mongod for the whole run; its address reaches the workers through MONGODB_URI. A missing one is a red run. */
export default async function globalSetup(): Promise<void> {
  const mongo = await startMongo();
  rememberMongo(mongo);
  adoptEnvironment({ MONGODB_URI: mongo.uri });
}
