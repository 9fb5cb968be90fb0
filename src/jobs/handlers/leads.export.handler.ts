import { runExport } from "../../services/saas/crm/transfer/export.run";
import type { JobHandler } from "../queue/job.handler";

/** Writes the file of one export. */
export const handler: JobHandler<"leads.export"> = (ctx, { exportId }, job) => runExport(ctx, exportId, job);
