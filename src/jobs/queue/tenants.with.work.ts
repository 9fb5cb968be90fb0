import { trusted } from "mongoose";
import { getCentralModels } from "../../lib/db/get.central.models";
import type { QueueName } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";

/** Tenants that have waiting jobs in a queue: one key of the `claim` index each, however many wait. */
export async function tenantsWithWork(queue: QueueName): Promise<string[]> {
  const jobs = await jobsCollection();
  return jobs.distinct("clientCode", { state: "waiting", queue });
}

/** Of these tenants, the ones whose jobs wait because they are suspended or leaving. */
export async function suspendedAmong(clientCodes: readonly string[]): Promise<Set<string>> {
  if (clientCodes.length === 0) return new Set();
  const { Client } = await getCentralModels();
  const rows = await Client.find(
    { clientCode: trusted({ $in: [...clientCodes] }), status: trusted({ $ne: "active" }) },
    { clientCode: 1 },
  ).lean();
  return new Set(rows.map(({ clientCode }) => clientCode));
}
