import { beginRuns } from "../../services/saas/automation/begin.runs";
import type { JobHandler } from "../queue/job.handler";

/** Begins some of the runs that were enrolled together. */
export const handler: JobHandler<"automation.begin"> = async (ctx, { runIds }, { signal }) =>
  beginRuns(ctx, runIds, signal);
