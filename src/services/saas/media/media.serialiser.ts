import { type Media, mediaPartBytes } from "../../../contracts/media.contract";
import type { MediaAssetRecord, MediaRendition } from "../../../model/saas/media.asset.schema";

/** The form that is sent and shown: what was made of it, or the original where nothing has to be made. */
export function mainRendition(record: MediaAssetRecord): MediaRendition | undefined {
  return renditionOf(record, "processed") ?? renditionOf(record, "original");
}

export function renditionOf(
  record: MediaAssetRecord,
  role: MediaRendition["role"],
): MediaRendition | undefined {
  return record.renditions.find((rendition) => rendition.role === role);
}

/** A stored media item as the API shows it. */
export function toMedia(record: MediaAssetRecord): Media {
  const main = mainRendition(record);
  return {
    id: record._id.toHexString(),
    version: record.version,
    origin: record.origin,
    kind: record.kind,
    state: record.state,
    mime: main?.mime ?? record.declaredMime,
    size: main?.size ?? record.declaredSize,
    fileName: record.fileName,
    key: record.key ?? null,
    renditions: record.renditions.map(({ storageKey: _ours, ...shown }) => shown),
    upload:
      record.state === "uploading"
        ? { maxPartBytes: mediaPartBytes, parts: record.parts.map(({ n, size }) => ({ n, size })) }
        : null,
    leadId: record.leadId?.toHexString() ?? null,
    messageId: record.messageId?.toHexString() ?? null,
    error: record.error,
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}
