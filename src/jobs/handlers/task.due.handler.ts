import { tellTaskDue } from "../../services/saas/crm/task.due";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Clocks differ by less than this; it also keeps a job from coming back at once. */
const leastDelayMs = 250;

/** Tells that a task is due, or comes again when its time was moved. */
export const handler: JobHandler<"task.due"> = async (ctx, { taskId }) => {
  const { dueInMs } = await tellTaskDue(ctx, taskId);
  if (dueInMs === null) return;
  throw new RetryLater({
    delayMs: Math.max(leastDelayMs, dueInMs),
    countsAttempt: false,
    code: "task-not-due",
    detail: "The task's due time was moved; it has not come yet.",
  });
};
