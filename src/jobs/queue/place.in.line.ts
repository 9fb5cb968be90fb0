import type { ClientSession } from "mongoose";
import { getCentralModels } from "../../lib/db/get.central.models";
import { jobsCollection } from "./jobs.collection";
import type { OrderingLine } from "./release";

const counter = "job.seq";

/**
 * Takes a block of numbers for jobs with an ordering key, from one counter of the platform: never from a clock, since
 * two callers' clocks differ. Taken outside of any transaction, so that callers do not wait for each other.
 * @returns the first of the `count` numbers.
 */
export async function takeOrderingNumbers(count = 1): Promise<number> {
  const { PlatformMark } = await getCentralModels();
  const row = await PlatformMark.findOneAndUpdate(
    { _id: counter },
    { $inc: { value: count }, $set: { at: new Date() } },
    { upsert: true, returnDocument: "after" },
  ).lean();
  if (!row) throw new Error("The counter of ordering numbers did not answer its new value.");
  return row.value - count + 1;
}

/** Whether a job of this line has not ended: as its head, or waiting in it for a head to be chosen. */
export async function lineIsBusy(line: OrderingLine, session?: ClientSession): Promise<boolean> {
  const jobs = await jobsCollection();
  const options = { session, projection: { _id: 1 } };
  const { clientCode, orderingKey } = line;
  return (
    (await jobs.findOne({ clientCode, orderingKey, head: true }, options)) !== null ||
    (await jobs.findOne({ clientCode, orderingKey, blockedBy: "key" }, options)) !== null
  );
}
