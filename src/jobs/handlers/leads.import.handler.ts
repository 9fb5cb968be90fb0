import { runImport } from "../../services/saas/crm/transfer/import.run";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Some seconds of an import, then to the end of the queue. */
export const handler: JobHandler<"leads.import"> = async (ctx, { importId }, job) => {
  if (await runImport(ctx, importId, job)) return;
  throw new RetryLater({
    code: "more-rows",
    detail: "There are more rows.",
    delayMs: 0,
    countsAttempt: false,
  });
};
