import type { RunningMongo } from "../../dev/mongo/start.mongo";

let running: RunningMongo | undefined;

/** Hands the run's server from jest's global set-up to its tear-down. */
export function rememberMongo(mongo: RunningMongo): void {
  running = mongo;
}

/** Stops the run's server, unless it was given by MONGODB_URI. */
export async function stopMongo(): Promise<void> {
  await running?.stop();
  running = undefined;
}
