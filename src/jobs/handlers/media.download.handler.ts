import { storeInboundMedia } from "../../services/saas/media/media.inbound.service";
import { storeLinkedMedia } from "../../services/saas/media/media.link.service";
import { openInboundMedia } from "../../services/saas/whatsapp/open.inbound.media.service";
import type { JobHandler } from "../queue/job.handler";

/** Fetches one media item: from Meta what a customer sent, from its link what is to be sent. */
export const handler: JobHandler<"media.download"> = async (ctx, { mediaId }, job) => {
  const options = { signal: job.signal, lastAttempt: job.attempt >= job.maxAttempts };
  const linked = await storeLinkedMedia(ctx, mediaId, options);
  if (linked !== null) return { state: linked };
  const open = (provider: Parameters<typeof openInboundMedia>[1]) => openInboundMedia(ctx, provider);
  return { state: await storeInboundMedia(ctx, mediaId, open, options) };
};
