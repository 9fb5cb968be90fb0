import { runExport } from "../../services/saas/crm/transfer/export.run";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Some seconds of an export, then to the end of the queue. */
export const handler: JobHandler<"leads.export"> = async (ctx, { exportId }, job) => {
  if (await runExport(ctx, exportId, job)) return;
  throw new RetryLater({
    code: "more-rows",
    detail: "There are more leads.",
    delayMs: 0,
    countsAttempt: false,
  });
};
