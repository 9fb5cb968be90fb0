import { storeInboundMedia } from "../../services/saas/media/media.inbound.service";
import { openInboundMedia } from "../../services/saas/whatsapp/open.inbound.media.service";
import type { JobHandler } from "../queue/job.handler";

/** Fetches one media item that a customer sent from Meta. */
export const handler: JobHandler<"media.download"> = async (ctx, { mediaId }, job) => ({
  state: await storeInboundMedia(ctx, mediaId, (provider) => openInboundMedia(ctx, provider), {
    signal: job.signal,
    lastAttempt: job.attempt >= job.maxAttempts,
  }),
});
