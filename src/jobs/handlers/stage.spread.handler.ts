import { spreadColumn } from "../../services/saas/crm/stage.spread";
import type { JobHandler } from "../queue/job.handler";

/** Spreads the ranks of a crowded column. */
export const handler: JobHandler<"stage.spread"> = (ctx, payload) => spreadColumn(ctx, payload);
