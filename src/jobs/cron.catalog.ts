import { trusted } from "mongoose";
import { getCentralModels } from "../lib/db/get.central.models";
import type { CronEntry } from "./queue/cron";
import type { AnyNewJob } from "./queue/job.draft";

const page = 500;

/** A `tenant.sweep` for every active tenant. */
async function* sweepOfEachTenant(requestId: string): AsyncGenerator<AnyNewJob[]> {
  const { Client } = await getCentralModels();
  let after = "";
  for (;;) {
    const clients = await Client.find(
      { clientCode: trusted({ $gt: after }), status: "active" },
      { clientCode: 1 },
    )
      .sort({ clientCode: 1 })
      .limit(page)
      .lean();
    yield clients.map(({ clientCode }) => ({
      type: "tenant.sweep" as const,
      payload: { clientCode },
      requestId,
      key: "sweep",
    }));
    const last = clients.at(-1);
    if (!last || clients.length < page) return;
    after = last.clientCode;
  }
}

/** Every recurring job. ADD A RECURRING JOB HERE. */
export const cronCatalog: readonly CronEntry[] = [
  // Even a tenant whose activity mark was lost is swept, a day later at most.
  {
    name: "sweep-all-tenants",
    schedule: { dailyAt: "00:00", zone: "UTC" },
    missed: "catch_up_once",
    jobs: sweepOfEachTenant,
  },
];
