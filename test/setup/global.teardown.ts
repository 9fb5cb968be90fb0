import { stopMongo } from "./run.mongo";

export default async function globalTeardown(): Promise<void> {
  await stopMongo();
}
