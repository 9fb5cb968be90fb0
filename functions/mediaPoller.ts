import type { Context } from "aws-lambda";
import { poll } from "../src/jobs/poll";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The poller of heavy work: the function with ffmpeg, sharp and memory. One job per core. */
export function handler(event: unknown, context: Context) {
  return poll(event, {
    queue: "media",
    concurrency: 16,
    dispatch: dispatchEvents,
    deadline: () => context.getRemainingTimeInMillis(),
    reserveMs: 180_000,
  });
}
