import { syncTemplates } from "../../services/saas/whatsapp/sync.templates.service";
import type { JobHandler } from "../queue/job.handler";

/** Reads the templates of a WhatsApp account from Meta. */
export const handler: JobHandler<"templates.sync"> = async (ctx, { connectionId }, job) => ({
  ...(await syncTemplates(ctx, connectionId, job.signal)),
});
