import { hearSilence } from "../../services/saas/automation/timers/no.reply";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Tells a rule of a lead's silence, or comes back when we wrote again in the meantime. */
export const handler: JobHandler<"automation.no_reply"> = async (ctx, { ruleId, conversationId }) => {
  const again = await hearSilence(ctx, { ruleId, conversationId });
  if (!again) return;
  throw new RetryLater({
    delayMs: Math.max(1_000, again.getTime() - ctx.now().getTime()),
    countsAttempt: false,
    code: "wrote-again",
    detail: "A later message of ours counts: its silence is not long enough yet.",
  });
};
