import { wakeConversation } from "../../services/saas/messaging/conversation.snooze";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Clocks differ by less than this; it also keeps a job from coming back at once. */
const leastDelayMs = 250;

/** Opens a snoozed conversation, or comes again when it sleeps longer. */
export const handler: JobHandler<"conversation.wake"> = async (ctx, { conversationId }) => {
  const { dueInMs } = await wakeConversation(ctx, conversationId);
  if (dueInMs === null) return;
  throw new RetryLater({
    delayMs: Math.max(leastDelayMs, dueInMs),
    countsAttempt: false,
    code: "conversation-asleep",
    detail: "The conversation was snoozed for longer; its time has not come yet.",
  });
};
