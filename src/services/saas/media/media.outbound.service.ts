import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { mediaUnsupported } from "../../../lib/media/media.errors";
import { mediaRules } from "../../../lib/media/media.rules";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MediaAssetRecord, MediaRendition } from "../../../model/saas/media.asset.schema";
import { invalidReference, invalidState } from "../crm/crm.problem";
import { allOf } from "./media.bytes";
import { mainRendition } from "./media.serialiser";

const dayMs = 24 * 60 * 60_000;
/** Meta forgets uploads after 30 days. */
const uploadLastsMs = 29 * dayMs;

export interface SendableMedia {
  readonly mediaId: Types.ObjectId;
  readonly kind: MediaAssetRecord["kind"];
  /** Of the form that is sent, e.g. `audio/ogg` for a voice note. */
  readonly mime: string;
  readonly size: number;
  readonly fileName: string | null;
}

/**
 * That an item can be sent through WhatsApp now.
 * @throws AppError invalid-reference when it is not of this tenant, invalid-state when it is not ready, media-unsupported
 *   when WhatsApp does not take it
 */
export async function requireSendableMedia(ctx: TenantContext, mediaId: string): Promise<SendableMedia> {
  return (await findSendable(ctx, mediaId)).media;
}

/** Id of the newest item with this key that is ready, so that a new upload takes the place of the old one by itself. */
export async function sendableMediaByKey(ctx: TenantContext, key: string): Promise<string | null> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const newest = await MediaAsset.findOne({ key, state: "ready" }).sort({ createdAt: -1 }).lean();
  return newest?._id.toHexString() ?? null;
}

/** Whether one of these items is still being fetched or converted, so that waiting helps. */
export async function isMediaOnItsWay(
  ctx: TenantContext,
  mediaIds: readonly Types.ObjectId[],
): Promise<boolean> {
  if (mediaIds.length === 0) return false;
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const waiting = await MediaAsset.exists({
    _id: trusted({ $in: [...mediaIds] }),
    state: trusted({ $in: ["pending", "stored", "processing"] }),
  });
  return waiting !== null;
}

/** The same, with its bytes for the upload to Meta; they are read when asked for. */
export async function openSendableMedia(
  ctx: TenantContext,
  mediaId: string,
): Promise<SendableMedia & { bytes(): Promise<Buffer> }> {
  const { media, rendition } = await findSendable(ctx, mediaId);
  const storage = await tenantMediaStorage(ctx.clientCode);
  return { ...media, bytes: () => allOf(storage.read(rendition.storageKey)) };
}

/** Meta's id of an item that was uploaded over this connection and lasts another day, or null. */
export async function findUploadedMedia(
  ctx: TenantContext,
  mediaId: string,
  connectionId: Types.ObjectId,
): Promise<string | null> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const record = await MediaAsset.findById(mediaId, { uploaded: 1 }).lean();
  const lastsUntil = ctx.now().getTime() + dayMs;
  const uploaded = record?.uploaded.find(
    (upload) => upload.connectionId.equals(connectionId) && upload.expiresAt.getTime() > lastsUntil,
  );
  return uploaded?.mediaId ?? null;
}

/** Notes Meta's id of an item, so that sending it again needs no upload. */
export async function rememberUploadedMedia(
  ctx: TenantContext,
  mediaId: string,
  connectionId: Types.ObjectId,
  metaMediaId: string,
): Promise<void> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const expiresAt = new Date(ctx.now().getTime() + uploadLastsMs);
  await MediaAsset.updateOne({ _id: mediaId }, { $pull: { uploaded: { connectionId } } });
  await MediaAsset.updateOne(
    { _id: mediaId },
    { $push: { uploaded: { connectionId, mediaId: metaMediaId, expiresAt } } },
  );
}

async function findSendable(
  ctx: TenantContext,
  mediaId: string,
): Promise<{ media: SendableMedia; rendition: MediaRendition }> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const record = Types.ObjectId.isValid(mediaId) ? await MediaAsset.findById(mediaId).lean() : null;
  if (!record) throw invalidReference("/mediaId", "media item");
  const rendition = mainRendition(record);
  if (record.state === "failed") {
    const why = record.error ? ` ${record.error.detail}` : "";
    throw invalidState(`This media item failed and cannot be sent.${why}`);
  }
  if (record.state !== "ready" || !rendition) {
    throw invalidState(`This media item is still ${record.state}. Send it when its state is ready.`);
  }
  const rule = mediaRules[record.kind];
  if (!rule.whatsappMimes.includes(rendition.mime) || rendition.size > rule.whatsappMaxBytes) {
    throw mediaUnsupported("WhatsApp does not take files of this type. Send a link to it instead.");
  }
  const { mime, size } = rendition;
  return {
    media: { mediaId: record._id, kind: record.kind, mime, size, fileName: record.fileName },
    rendition,
  };
}
