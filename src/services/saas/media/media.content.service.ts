import type { TenantContext } from "../../../lib/context/tenant.context";
import type { AppError } from "../../../lib/errors/app.error";
import { requireRange } from "../../../lib/http/byte.range";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import type { MediaAssetRecord, MediaRendition } from "../../../model/saas/media.asset.schema";
import { invalidState, notFound } from "../crm/crm.problem";
import { allOf } from "./media.bytes";
import { contentDisposition } from "./media.file.name";
import { findMedia } from "./media.record";
import { mainRendition, renditionOf } from "./media.serialiser";

export interface MediaContent {
  readonly status: 200 | 206;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads content, or one range of it, 4 MB at most (what fits through a Lambda).
 * @param range the `Range` header (RFC 9110, 14.2); of several ranges none is honoured
 * @throws AppError not-found; invalid-state while there is nothing to read yet; use-range when the answer would be
 *   above 4 MB; range-not-satisfiable
 */
export async function readContent(
  ctx: TenantContext,
  mediaId: string,
  wanted: { readonly rendition?: MediaRendition["role"]; readonly range?: string },
): Promise<MediaContent> {
  const media = await findMedia(ctx, mediaId);
  const rendition = wanted.rendition ? renditionOf(media, wanted.rendition) : mainRendition(media);
  if (!rendition) throw nothingToRead(media, wanted.rendition);
  const { start, end, status, headers } = requireRange(wanted.range, rendition.size);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const bytes = await allOf(storage.read(rendition.storageKey, { start, end }));
  return {
    status,
    bytes,
    headers: {
      ...contentHeaders(media, rendition),
      ...headers,
    },
  };
}

function contentHeaders(media: MediaAssetRecord, rendition: MediaRendition): Record<string, string> {
  // only what we encoded ourselves is shown in place; everything else a browser may but save
  const type = rendition.role === "original" ? "attachment" : "inline";
  return {
    "content-type": rendition.mime,
    "content-disposition": contentDisposition(type, media.fileName),
    "accept-ranges": "bytes",
    "cache-control": "private, max-age=3600",
    etag: `"${rendition.sha256}"`,
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
  };
}

function nothingToRead(media: MediaAssetRecord, role: MediaRendition["role"] | undefined): AppError {
  if (media.state === "ready" || media.state === "failed") return notFound(role ?? "content");
  return invalidState(`It is still ${media.state}. Ask again when its state is ready.`);
}
