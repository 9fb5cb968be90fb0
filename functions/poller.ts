import type { Context } from "aws-lambda";
import { cronCatalog } from "../src/jobs/cron.catalog";
import { poll } from "../src/jobs/poll";
import { fireDue } from "../src/jobs/queue/cron";
import { sweepMarkedTenants } from "../src/jobs/sweep.marked.tenants";
import { refreshClock } from "../src/lib/clock/clock";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The queue's poller: every minute, and when a job was enqueued that may run at once. */
export async function handler(event: unknown, context: Context) {
  await refreshClock();
  await sweepMarkedTenants();
  await fireDue(cronCatalog);
  return poll(event, {
    queue: "crm",
    concurrency: 16,
    dispatch: dispatchEvents,
    deadline: () => context.getRemainingTimeInMillis(),
    reserveMs: 20_000,
  });
}
