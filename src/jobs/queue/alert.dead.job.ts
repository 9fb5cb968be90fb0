import { now } from "../../lib/clock/clock";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { getCentralModels } from "../../lib/db/get.central.models";
import type { JobRecord } from "../../model/clients/job.schema";
import { jobsCollection } from "./jobs.collection";

/** One open alert per tenant and type of job, with a count: a person has to retry or discard the dead ones. */
export async function raiseDeadJobAlert(
  job: { clientCode: string; type: string },
  detail: string,
): Promise<void> {
  const { Alert } = await getCentralModels();
  const at = now();
  const raise = () =>
    Alert.updateOne(
      { clientCode: job.clientCode, code: "job-dead", ref: job.type, state: "open" },
      { $inc: { count: 1 }, $set: { detail, lastAt: at }, $setOnInsert: { firstAt: at } },
      { upsert: true },
    );
  try {
    await raise();
  } catch (error) {
    // Two jobs died at once, and the other one opened it.
    if (!isDuplicateKey(error)) throw error;
    await raise();
  }
}

/** Closes the alerts of these jobs' tenants and types, as far as the last dead one of them was retried or discarded. */
export async function closeDeadJobAlerts(
  acted: readonly Pick<JobRecord, "queue" | "clientCode" | "type">[],
): Promise<void> {
  const causes = new Map(acted.map((job) => [`${job.clientCode}:${job.type}`, job]));
  for (const cause of causes.values()) await closeIfNoneLeft(cause);
}

async function closeIfNoneLeft({
  queue,
  clientCode,
  type,
}: Pick<JobRecord, "queue" | "clientCode" | "type">) {
  const { Alert } = await getCentralModels();
  const alert = await Alert.findOne({ clientCode, code: "job-dead", ref: type, state: "open" }).lean();
  if (!alert) return;
  const jobs = await jobsCollection();
  const left = await jobs.findOne(
    { state: "dead", queue, clientCode, type },
    { projection: { _id: 1 }, hint: "dead" },
  );
  // Counted up meanwhile: another one has died since.
  if (!left)
    await Alert.updateOne(
      { _id: alert._id, state: "open", count: alert.count },
      { $set: { state: "closed" } },
    );
}
