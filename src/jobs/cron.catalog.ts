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

/** A `templates.refresh` for every tenant with a WhatsApp account. */
async function* refreshOfEachAccount(requestId: string): AsyncGenerator<AnyNewJob[]> {
  const { ChannelRoute } = await getCentralModels();
  let after = "waba:";
  for (;;) {
    const routes = await ChannelRoute.find({ _id: trusted({ $gt: after, $lt: "waba;" }) }, { clientCode: 1 })
      .sort({ _id: 1 })
      .limit(page)
      .lean();
    yield [...new Set(routes.map(({ clientCode }) => clientCode))].map((clientCode) => ({
      type: "templates.refresh" as const,
      payload: { clientCode },
      requestId,
      key: "refresh",
    }));
    const last = routes.at(-1);
    if (!last || routes.length < page) return;
    after = last._id;
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
  // Webhooks tell of changes at once; this finds those whose webhook never came.
  {
    name: "refresh-templates",
    schedule: { everyMinutes: 360 },
    missed: "catch_up_once",
    jobs: refreshOfEachAccount,
  },
];
