import { processMedia } from "../../services/saas/media/media.service";
import type { JobHandler } from "../queue/job.handler";

/** Converts one stored media item. */
export const handler: JobHandler<"media.process"> = async (ctx, { mediaId }, job) => ({
  state: await processMedia(ctx, mediaId, {
    signal: job.signal,
    lastAttempt: job.attempt >= job.maxAttempts,
  }),
});
