import { now } from "../../lib/clock/clock";
import { getCentralModels } from "../../lib/db/get.central.models";

/** One open alert per tenant and type of job, with a count: a person has to retry or discard the dead ones. */
export async function raiseDeadJobAlert(
  job: { clientCode: string; type: string },
  detail: string,
): Promise<void> {
  const { Alert } = await getCentralModels();
  const at = now();
  await Alert.updateOne(
    { clientCode: job.clientCode, code: "job-dead", ref: job.type, state: "open" },
    { $inc: { count: 1 }, $set: { detail, lastAt: at }, $setOnInsert: { firstAt: at } },
    { upsert: true },
  );
}
