import { sendReadReceipt } from "../../services/saas/whatsapp/receipt.service";
import type { JobHandler } from "../queue/job.handler";

/** Shows the customer that their messages were read. */
export const handler: JobHandler<"whatsapp.read"> = async (ctx, { conversationId }) => ({
  receipt: await sendReadReceipt(ctx, conversationId),
});
