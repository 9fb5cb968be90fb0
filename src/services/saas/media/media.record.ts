/** Reading and settling media rows: the moves that every part of the media room shares. */
import type { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MediaAssetRecord, MediaRendition } from "../../../model/saas/media.asset.schema";
import { notFound } from "../crm/crm.problem";

/** @throws AppError not-found */
export async function findMedia(ctx: TenantContext, mediaId: string): Promise<MediaAssetRecord> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const record = await MediaAsset.findById(mediaId).lean();
  if (!record) throw notFound("media item");
  return record;
}

/**
 * Writes bytes into the storage under a key that the row notes as loose first, so that a crash at any point leaves
 * nothing that the sweep cannot find. The key stays loose until `settleMedia` takes it up.
 */
export async function writeLoose(
  ctx: TenantContext,
  mediaId: Types.ObjectId,
  content: AsyncIterable<Uint8Array>,
): Promise<{ storageKey: string; size: number; sha256: string }> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const storageKey = storage.newKey();
  await MediaAsset.updateOne(
    { _id: mediaId },
    { $push: { looseKeys: storageKey }, $set: { updatedAt: ctx.now() } },
  );
  const { size, sha256 } = await storage.write(storageKey, content);
  return { storageKey, size, sha256 };
}

export interface Settlement {
  readonly state: MediaAssetRecord["state"];
  readonly renditions?: readonly MediaRendition[];
  readonly parts?: MediaAssetRecord["parts"];
  /** Bytes that nothing refers to any more. */
  readonly dropped?: readonly string[];
  readonly error?: MediaAssetRecord["error"];
  readonly mime?: string;
}

/**
 * Moves a row on from the version that the caller worked with, and tells of it when it became ready or failed.
 * @param afterCommit where the next job is enqueued
 * @returns the new row, or null when somebody else moved it meanwhile: then nothing was changed, and the bytes
 *   written for it are deleted
 */
export async function settleMedia(
  ctx: TenantContext,
  from: MediaAssetRecord,
  settlement: Settlement,
  afterCommit?: () => Promise<void>,
): Promise<MediaAssetRecord | null> {
  const { state, renditions, parts, dropped = [], error = null, mime } = settlement;
  const taken = (renditions ?? []).map((rendition) => rendition.storageKey);
  const kept = new Set(from.renditions.map((rendition) => rendition.storageKey));
  const settled = await commitChange(ctx, async (change) => {
    const row = await change.models.MediaAsset.findOne({ _id: from._id, version: from.version })
      .session(change.session)
      .lean();
    if (!row) return null;
    const after = await change.models.MediaAsset.findOneAndUpdate(
      { _id: from._id, version: from.version },
      {
        $set: {
          state,
          error,
          ...(renditions ? { renditions } : {}),
          ...(parts ? { parts } : {}),
          ...(mime ? { declaredMime: mime } : {}),
          looseKeys: [...row.looseKeys.filter((key) => !taken.includes(key)), ...dropped],
          updatedAt: change.now,
        },
        $inc: { version: 1 },
      },
      { session: change.session, returnDocument: "after" },
    ).lean();
    if (after && (state === "ready" || state === "failed")) {
      change.record({
        type: "media_updated",
        subject: {
          mediaId: from._id.toHexString(),
          ...(from.messageId ? { messageId: from.messageId.toHexString() } : {}),
          ...(from.leadId ? { leadId: from.leadId.toHexString() } : {}),
        },
        data: { state, kind: from.kind },
      });
    }
    if (after && afterCommit) change.afterCommit(afterCommit);
    return after;
  });
  if (settled) await deleteLoose(ctx, from._id, dropped);
  else
    await deleteLoose(
      ctx,
      from._id,
      taken.filter((key) => !kept.has(key)),
    );
  return settled;
}

/** Deletes bytes that a row notes as loose, then the note. */
export async function deleteLoose(
  ctx: TenantContext,
  mediaId: Types.ObjectId,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const storage = await tenantMediaStorage(ctx.clientCode);
  for (const key of keys) await storage.delete(key);
  await MediaAsset.updateOne({ _id: mediaId }, { $pullAll: { looseKeys: [...keys] } });
}

/** The code and sentence to keep when the media itself is the reason, or null when the error is another. */
export function mediaFault(error: unknown): { code: string; detail: string } | null {
  if (!(error instanceof AppError)) return null;
  return ["media-unsupported", "media-type-mismatch", "payload-too-large", "not-found"].includes(error.code)
    ? { code: error.code, detail: error.detail }
    : null;
}
