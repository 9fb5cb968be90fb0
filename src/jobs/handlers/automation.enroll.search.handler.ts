import { runEnrollment } from "../../services/saas/automation/enrollment.run";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Some seconds of an enrolment, then to the end of the queue. */
export const handler: JobHandler<"automation.enroll_search"> = async (ctx, { enrollmentId }, job) => {
  if (await runEnrollment(ctx, enrollmentId, job)) return;
  throw new RetryLater({
    code: "more-leads",
    detail: "There are more leads.",
    delayMs: 0,
    countsAttempt: false,
  });
};
