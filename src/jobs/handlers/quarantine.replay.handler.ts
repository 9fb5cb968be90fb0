import { replayQuarantine } from "../../services/saas/whatsapp/quarantine.service";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Stores webhook items that waited for a tenant. */
export const handler: JobHandler<"quarantine.replay"> = async (ctx) => {
  const { replayed, unavailable } = await replayQuarantine(ctx.clientCode);
  if (unavailable) {
    throw new RetryLater({
      delayMs: 60_000,
      countsAttempt: false,
      code: "tenant-unavailable",
      detail: "The tenant's database does not answer in time yet.",
    });
  }
  return { replayed };
};
