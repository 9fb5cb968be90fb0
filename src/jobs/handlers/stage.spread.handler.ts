import { spreadColumn } from "../../services/saas/crm/stage.spread";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Spreads a crowded column; a large one in several turns. */
export const handler: JobHandler<"stage.spread"> = async (ctx, payload, job) => {
  if (await spreadColumn(ctx, payload, job.signal)) return;
  throw new RetryLater({
    code: "stage-not-spread",
    detail: "More leads are to be moved.",
    delayMs: 0,
    countsAttempt: false,
  });
};
