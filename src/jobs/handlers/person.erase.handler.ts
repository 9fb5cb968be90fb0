import { performErasure } from "../../services/saas/privacy/erase.person.service";
import type { JobHandler } from "../queue/job.handler";

/** Deletes everything that is stored about a person; a repeated attempt goes on from what is left. */
export const handler: JobHandler<"person.erase"> = async (ctx, { erasureId }, job) =>
  performErasure(ctx, erasureId, (fraction) => job.progress(fraction));
