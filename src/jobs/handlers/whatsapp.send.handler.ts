import { sendStoredMessage } from "../../services/saas/whatsapp/send.message.service";
import { RetryLater } from "../queue/job.errors";
import type { JobHandler } from "../queue/job.handler";

/** Sends one stored message. What has to wait is tried again without using an attempt. */
export const handler: JobHandler<"whatsapp.send"> = async (ctx, { messageId }) => {
  const result = await sendStoredMessage(ctx, messageId);
  if (result.kind === "settled") return { status: result.status };
  throw new RetryLater({
    delayMs: result.delayMs,
    countsAttempt: false,
    code: result.code,
    detail: "Meta does not take the message now; it waits as queued.",
  });
};
