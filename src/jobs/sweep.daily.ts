import { randomUUID } from "node:crypto";
import { trusted } from "mongoose";
import { now } from "../lib/clock/clock";
import { getCentralModels } from "../lib/db/get.central.models";
import { enqueueMany } from "./queue/enqueue";

const dayMs = 24 * 60 * 60_000;
const markId = "sweep:daily";
const page = 500;

/**
 * Once a day, by the stack's clock, enqueues a `tenant.sweep` for every active tenant, so that even a lost mark costs
 * a day at most. The mark is set after the jobs are stored; two pollers doing this at once meet in the unique key.
 * @returns how many sweeps were enqueued.
 */
export async function sweepAllTenantsDaily(): Promise<number> {
  const { Client, PlatformMark } = await getCentralModels();
  const day = Math.floor(now().getTime() / dayMs);
  const mark = await PlatformMark.findById(markId).lean();
  if (mark && mark.value >= day) return 0;
  const requestId = `sweep:${randomUUID()}`;
  let enqueued = 0;
  let after = "";
  for (;;) {
    const clients = await Client.find(
      { clientCode: trusted({ $gt: after }), status: "active" },
      { clientCode: 1 },
    )
      .sort({ clientCode: 1 })
      .limit(page)
      .lean();
    const sweeps = await enqueueMany(
      clients.map(({ clientCode }) => ({
        type: "tenant.sweep" as const,
        payload: { clientCode },
        requestId,
        key: "sweep",
      })),
    );
    enqueued += sweeps.filter(({ created }) => created).length;
    const last = clients.at(-1);
    if (!last || clients.length < page) break;
    after = last.clientCode;
  }
  await PlatformMark.updateOne({ _id: markId }, { $set: { value: day, at: now() } }, { upsert: true });
  return enqueued;
}
