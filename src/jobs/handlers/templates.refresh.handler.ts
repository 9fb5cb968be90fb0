import { refreshTemplates } from "../../services/saas/whatsapp/template.service";
import type { JobHandler } from "../queue/job.handler";

/** Has the templates of each of a tenant's accounts read. */
export const handler: JobHandler<"templates.refresh"> = async (ctx) => ({
  accounts: await refreshTemplates(ctx),
});
