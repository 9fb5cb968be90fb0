import { continueMerge } from "../../services/saas/crm/lead.merge.job";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Moves what is left of a merged lead to the lead that took it in. */
export const handler: JobHandler<"lead.merge"> = async (ctx, { leadId }, job) => {
  const { moved, lookAgainMs } = await continueMerge(ctx, leadId, job.signal);
  if (lookAgainMs === null) return { moved };
  throw new RetryLater({
    code: "late-writers",
    detail:
      "Everything has moved; what was being written at that moment is looked for a minute after the merge.",
    delayMs: lookAgainMs,
    countsAttempt: false,
  });
};
