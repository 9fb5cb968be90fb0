import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { downloadMedia, GraphCallError, lookUpMedia } from "../../../lib/whatsapp/graph.client";
import type { MediaAssetRecord } from "../../../model/saas/media.asset.schema";
import type { OpenedMedia } from "../media/media.inbound.service";
import { readToken } from "./connection.token";

/** Meta delivers no more than this. */
const maxBytes = 100 * 1024 * 1024;
/** "Unsupported get request": no such object, or not for this token. */
const noSuchObject = 100;

/**
 * Opens a media item at Meta: looks up its address, which lasts five minutes, and starts the download.
 * @throws AppError not-found when Meta no longer has it, media-unsupported (also while reading) when it is too large,
 * GraphCallError otherwise.
 */
export async function openInboundMedia(
  ctx: TenantContext,
  provider: NonNullable<MediaAssetRecord["provider"]>,
): Promise<OpenedMedia> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const connection = await Connection.findById(provider.connectionId).lean();
  if (!connection) throw new AppError("not-found", "The WhatsApp number that received it is not connected.");
  const { phoneNumberId } = connection;
  const token = await readToken(ctx.clientCode, phoneNumberId);
  const found = await lookUpMedia({ token, phoneNumberId, mediaId: provider.mediaId }).catch(goneOrFailed);
  const { bytes, contentType } = await downloadMedia({ token, url: found.url, maxBytes });
  return { mime: found.mime || contentType || "", size: found.size, sha256: found.sha256, bytes };
}

function goneOrFailed(error: unknown): never {
  if (error instanceof GraphCallError && error.fault?.code === noSuchObject) {
    throw new AppError("not-found", "WhatsApp no longer has this media; it keeps it for 7 days.", {
      cause: error,
    });
  }
  throw error;
}
