import type { Context } from "aws-lambda";
import { enqueueWhatIsDue } from "../src/jobs/enqueue.due";
import { poll } from "../src/jobs/poll";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The queue's poller: every minute, and when a job was enqueued that may run at once. */
export function handler(event: unknown, context: Context) {
  return poll(event, {
    queue: "crm",
    concurrency: 16,
    dispatch: dispatchEvents,
    deadline: () => context.getRemainingTimeInMillis(),
    reserveMs: 20_000,
    onSchedule: enqueueWhatIsDue,
  });
}
