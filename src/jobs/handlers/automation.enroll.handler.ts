import { tellOfLeads } from "../../services/saas/automation/start.runs";
import type { JobHandler } from "../queue/job.handler";

/** Starts a rule for some of the leads that somebody chose. */
export const handler: JobHandler<"automation.enroll"> = async (ctx, { ruleId, batchId, leadIds }) => ({
  told: await tellOfLeads(ctx, { ruleId, batchId, leadIds }),
});
