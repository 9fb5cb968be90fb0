import { Types, trusted } from "mongoose";
import { mediaMaxParts, mediaPartBytes, type OpenUpload } from "../../../contracts/media.contract";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { identifyUpload, magicBytes } from "../../../lib/media/magic";
import { mediaUnsupported } from "../../../lib/media/media.errors";
import { kindOfMime, mediaRules } from "../../../lib/media/media.rules";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MediaAssetRecord } from "../../../model/saas/media.asset.schema";
import { invalidState, notFound } from "../crm/crm.problem";
import { concatenated, headOf } from "./media.bytes";
import { cleanFileName } from "./media.file.name";
import { deleteLoose, findMedia, mediaFault, settleMedia, writeLoose } from "./media.record";

/**
 * Opens an upload; its bytes follow in parts.
 * @throws AppError media-unsupported when this type is not taken, payload-too-large when the file is above its kind's limit
 */
export async function openUpload(ctx: TenantContext, upload: OpenUpload): Promise<MediaAssetRecord> {
  const kind = upload.kind ?? kindOfMime(upload.mime);
  if (!kind)
    throw mediaUnsupported("Files of this type are not taken. See the API's description for those that are.");
  const { uploadMaxBytes } = mediaRules[kind];
  if (upload.size > uploadMaxBytes) {
    throw new AppError("payload-too-large", `As ${kind} a file may have at most ${uploadMaxBytes} bytes.`);
  }
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const record: MediaAssetRecord = {
    _id: new Types.ObjectId(),
    version: 1,
    origin: "upload",
    kind,
    state: "uploading",
    declaredMime: upload.mime,
    declaredSize: upload.size,
    declaredSha256: upload.sha256 ?? null,
    fileName: cleanFileName(upload.fileName),
    key: upload.key ?? null,
    parts: [],
    looseKeys: [],
    attempts: 0,
    renditions: [],
    provider: null,
    uploaded: [],
    leadId: null,
    messageId: null,
    error: null,
    createdAt: now,
    updatedAt: now,
  };
  await MediaAsset.create(record);
  return record;
}

/**
 * Stores part `n` of an upload; sent again it replaces the first. Parts may come in any order and side by side.
 * @param bytes at most 4 MB
 * @throws AppError not-found, invalid-state when the upload is over, payload-too-large above what was declared
 */
export async function putPart(
  ctx: TenantContext,
  mediaId: string,
  n: number,
  bytes: Buffer,
): Promise<MediaAssetRecord> {
  const media = await findMedia(ctx, mediaId);
  if (media.state !== "uploading") throw uploadIsOver();
  if (bytes.length === 0) throw invalidState("A part has at least one byte.");
  const others = media.parts.filter((part) => part.n !== n);
  if (totalOf(others) + bytes.length > (media.declaredSize ?? 0) || n > mediaMaxParts) {
    throw new AppError("payload-too-large", "The parts together are larger than the size that was declared.");
  }
  const { storageKey, size } = await writeLoose(ctx, media._id, concatenated([bytes]));
  failpoint("after-media-part-stored");
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const replaced = { $filter: { input: "$parts", cond: { $eq: ["$$this.n", n] } } };
  const kept = { $filter: { input: "$parts", cond: { $ne: ["$$this.n", n] } } };
  // one statement, so that parts that arrive side by side do not overwrite each other
  const before = await MediaAsset.findOneAndUpdate(
    { _id: media._id, state: "uploading" },
    [
      {
        $set: {
          parts: {
            $sortArray: { input: { $concatArrays: [kept, [{ n, size, storageKey }]] }, sortBy: { n: 1 } },
          },
          looseKeys: {
            $concatArrays: [
              { $filter: { input: "$looseKeys", cond: { $ne: ["$$this", storageKey] } } },
              { $map: { input: replaced, in: "$$this.storageKey" } },
            ],
          },
          version: { $add: ["$version", 1] },
          updatedAt: ctx.now(),
        },
      },
    ],
    { returnDocument: "before", updatePipeline: true },
  ).lean();
  if (!before) {
    await deleteLoose(ctx, media._id, [storageKey]);
    throw uploadIsOver();
  }
  await deleteLoose(
    ctx,
    media._id,
    before.parts.filter((part) => part.n === n).map((part) => part.storageKey),
  );
  return findMedia(ctx, mediaId);
}

/**
 * Ends an upload: checks that all bytes are there, that they are what was declared, and puts them together. Photos,
 * sound and video are then converted in the background; documents are ready at once. Asked again it answers the same.
 * @throws AppError not-found; invalid-state when parts are missing or damaged, so that they can be sent again; conflict
 *   when a part arrived meanwhile; media-unsupported, media-type-mismatch for good
 */
export async function completeUpload(ctx: TenantContext, mediaId: string): Promise<MediaAssetRecord> {
  const media = await findMedia(ctx, mediaId);
  if (media.origin !== "upload") throw uploadIsOver();
  if (media.state !== "uploading") return alreadyComplete(media);
  refuseMissingParts(media);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const parts = media.parts.map((part) => part.storageKey);
  const allBytes = () => concatenated(parts.map((key) => storage.read(key)));

  const { mime } = await identifyUpload(await headOf(allBytes(), magicBytes), {
    mime: media.declaredMime,
    kind: media.kind,
  }).catch(async (error: unknown) => {
    const fault = mediaFault(error);
    if (fault) await settleMedia(ctx, media, { state: "failed", error: fault, parts: [], dropped: parts });
    throw error;
  });
  const original = await writeLoose(ctx, media._id, allBytes());
  if (media.declaredSha256 !== null && media.declaredSha256 !== original.sha256) {
    await deleteLoose(ctx, media._id, [original.storageKey]);
    throw invalidState("What arrived does not have the SHA-256 that was declared. Send the parts again.");
  }
  failpoint("after-media-original-stored");
  const settled = await settleMedia(
    ctx,
    media,
    {
      state: media.kind === "document" ? "ready" : "stored",
      renditions: [{ role: "original", mime, width: null, height: null, durationMs: null, ...original }],
      parts: [],
      dropped: parts,
    },
    media.kind === "document" ? undefined : () => enqueueProcessing(ctx, media._id),
  );
  if (settled) return settled;
  const now = await findMedia(ctx, mediaId);
  if (now.state !== "uploading") return alreadyComplete(now);
  throw new AppError("conflict", "A part arrived while the upload was being completed. Complete it again.");
}

/** Queues the conversion of a stored item; one job at a time per item. */
export async function enqueueProcessing(ctx: TenantContext, mediaId: Types.ObjectId): Promise<void> {
  const id = mediaId.toHexString();
  await enqueue({
    type: "media.process",
    payload: { clientCode: ctx.clientCode, mediaId: id },
    requestId: ctx.requestId,
    key: id,
  });
}

/** Ends uploads that nobody went on with. @returns how many */
export async function expireUploads(ctx: TenantContext, before: Date): Promise<number> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const abandoned = await MediaAsset.find({ state: "uploading", updatedAt: trusted({ $lt: before }) })
    .limit(100)
    .lean();
  for (const media of abandoned) {
    await settleMedia(ctx, media, {
      state: "failed",
      error: {
        code: "upload-expired",
        detail: "Its parts did not all arrive within a day. Upload it again.",
      },
      parts: [],
      dropped: media.parts.map((part) => part.storageKey),
    });
  }
  return abandoned.length;
}

function alreadyComplete(media: MediaAssetRecord): MediaAssetRecord {
  if (media.state !== "failed" || media.renditions.length > 0) return media;
  if (media.error?.code === "media-unsupported" || media.error?.code === "media-type-mismatch") {
    throw new AppError(media.error.code, media.error.detail);
  }
  throw notFound("upload");
}

function uploadIsOver(): AppError {
  return invalidState("This upload is over. Open another one.");
}

function refuseMissingParts(media: MediaAssetRecord): void {
  const gap = media.parts.findIndex((part, index) => part.n !== index + 1);
  if (gap >= 0) throw invalidState(`Part ${gap + 1} is missing. Send it and complete the upload again.`);
  const total = totalOf(media.parts);
  if (total !== media.declaredSize) {
    throw invalidState(
      `${total} of ${media.declaredSize} bytes have arrived. Send the rest in parts of at most ${mediaPartBytes} bytes and complete the upload again.`,
    );
  }
}

function totalOf(parts: MediaAssetRecord["parts"]): number {
  return parts.reduce((sum, part) => sum + part.size, 0);
}
