import { runBroadcast } from "../../services/saas/automation/broadcast/broadcast.run";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Some seconds of a broadcast, then again when there is room or time for more. */
export const handler: JobHandler<"broadcast.run"> = async (ctx, { broadcastId }, job) => {
  const delayMs = await runBroadcast(ctx, broadcastId, job);
  if (delayMs === undefined) return;
  throw new RetryLater({
    code: "more-recipients",
    detail: "There are more people to write to.",
    delayMs,
    countsAttempt: false,
  });
};
