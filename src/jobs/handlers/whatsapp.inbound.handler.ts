import { failpoint } from "../../lib/failpoint/failpoint";
import { processWebhookEvents } from "../../services/saas/whatsapp/process.webhook.service";
import type { JobHandler } from "../queue/job.handler";

/** Turns stored webhook items into leads, conversations, messages and statuses. */
export const handler: JobHandler<"whatsapp.inbound"> = async (ctx, { webhookEventIds }, job) => {
  failpoint("after-claim");
  const report = await processWebhookEvents(ctx, webhookEventIds, {
    lastAttempt: job.attempt >= job.maxAttempts,
    signal: job.signal,
  });
  return { ...report };
};
