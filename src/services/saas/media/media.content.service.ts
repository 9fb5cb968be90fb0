import { mediaPartBytes } from "../../../contracts/media.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
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
  const part = parseRange(wanted.range, rendition.size);
  const { start, end } = part ?? { start: 0, end: rendition.size };
  if (end - start > mediaPartBytes) {
    throw new AppError(
      "use-range",
      `One answer holds at most ${mediaPartBytes} bytes of these ${rendition.size}. Ask for ranges, e.g. Range: bytes=0-${mediaPartBytes - 1}.`,
      { headers: { "accept-ranges": "bytes" } },
    );
  }
  const storage = await tenantMediaStorage(ctx.clientCode);
  const bytes = await allOf(storage.read(rendition.storageKey, { start, end }));
  return {
    status: part ? 206 : 200,
    bytes,
    headers: {
      ...contentHeaders(media, rendition),
      ...(part ? { "content-range": `bytes ${start}-${end - 1}/${rendition.size}` } : {}),
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

/** The one range of a header, `end` exclusive; null when there is none that we honour. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | null {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "") return last === "" ? null : suffixRange(Number(last), size);
  const start = Number(first);
  if (last !== "" && Number(last) < start) return null; // not a range at all: as if it were not there
  if (start >= size) throw notSatisfiable(size);
  // an open end is what players send: they take what they get and ask for more
  return { start, end: Math.min(size, last === "" ? start + mediaPartBytes : Number(last) + 1) };
}

/** `bytes=-500`: the last 500. */
function suffixRange(length: number, size: number): { start: number; end: number } {
  if (length === 0) throw notSatisfiable(size);
  return { start: Math.max(0, size - length), end: size };
}

function notSatisfiable(size: number): AppError {
  return new AppError("range-not-satisfiable", `The content has ${size} bytes.`, {
    headers: { "content-range": `bytes */${size}` },
  });
}

function nothingToRead(media: MediaAssetRecord, role: MediaRendition["role"] | undefined): AppError {
  if (media.state === "ready" || media.state === "failed") return notFound(role ?? "content");
  return invalidState(`It is still ${media.state}. Ask again when its state is ready.`);
}
