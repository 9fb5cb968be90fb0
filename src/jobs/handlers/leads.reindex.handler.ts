import { reindexLeads } from "../../services/saas/crm/lead.reindex";
import type { JobHandler } from "../queue/job.handler";

/** Makes anew what every lead is found by. */
export const handler: JobHandler<"leads.reindex"> = async (ctx, _payload, job) => ({
  written: await reindexLeads(ctx, job.signal),
});
