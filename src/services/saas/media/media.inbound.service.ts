import { Types } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { identifyInbound, magicBytes } from "../../../lib/media/magic";
import { MediaToolError } from "../../../lib/media/media.errors";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import type { Change } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MediaAssetRecord } from "../../../model/saas/media.asset.schema";
import { atMost, headOf, untilAborted } from "./media.bytes";
import { cleanFileName } from "./media.file.name";
import { deleteLoose, mediaFault, settleMedia, writeLoose } from "./media.record";
import { enqueueProcessing } from "./media.upload.service";

/** Meta refuses to deliver more. */
const mostBytes = 100 * 1024 * 1024;

/** Begun more often than this without an end, it is given up: Meta keeps media for 7 days only. */
const mostAttempts = 20;

export interface InboundMedia {
  readonly kind: MediaAssetRecord["kind"];
  /** As the webhook names it. */
  readonly mime: string;
  readonly fileName: string | null;
  /** As the webhook names it, hex or base64. */
  readonly sha256: string | null;
  readonly provider: { readonly mediaId: string; readonly connectionId: Types.ObjectId };
  readonly leadId: Types.ObjectId;
  readonly messageId: Types.ObjectId;
}

/** What the provider has of an item. `sha256` in hex or base64. */
export interface OpenedMedia {
  readonly mime: string;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Opens an item at the provider, e.g. looks up its address at Meta and starts the download. */
export type InboundSource = (provider: NonNullable<MediaAssetRecord["provider"]>) => Promise<OpenedMedia>;

/**
 * Notes, within the change that stores a message, the media that came with it; it is fetched after the commit. Done
 * twice for one message it gives the same row.
 * @returns the id to put into the message's `mediaIds`
 */
export async function registerInboundMediaInChange(
  ctx: TenantContext,
  change: Change,
  media: InboundMedia,
): Promise<Types.ObjectId> {
  const { MediaAsset } = change.models;
  const known = await MediaAsset.findOne({
    messageId: media.messageId,
    "provider.mediaId": media.provider.mediaId,
  })
    .session(change.session)
    .lean();
  const mediaId = known?._id ?? new Types.ObjectId();
  change.afterCommit(() => enqueueDownload(ctx, mediaId));
  if (known) return mediaId;
  const record: MediaAssetRecord = {
    _id: mediaId,
    version: 1,
    origin: "inbound",
    kind: media.kind,
    state: "pending",
    declaredMime: media.mime,
    declaredSize: null,
    declaredSha256: media.sha256,
    fileName: cleanFileName(media.fileName),
    parts: [],
    looseKeys: [],
    attempts: 0,
    renditions: [],
    provider: { name: "whatsapp", ...media.provider },
    uploaded: [],
    leadId: media.leadId,
    messageId: media.messageId,
    error: null,
    createdAt: change.now,
    updatedAt: change.now,
  };
  await MediaAsset.create([record], { session: change.session });
  return mediaId;
}

/** Queues the download of an item; one job at a time per item. */
export async function enqueueDownload(ctx: TenantContext, mediaId: Types.ObjectId): Promise<void> {
  const id = mediaId.toHexString();
  await enqueue({
    type: "media.download",
    payload: { clientCode: ctx.clientCode, mediaId: id },
    requestId: ctx.requestId,
    key: id,
  });
}

/**
 * Fetches an item that a customer sent and stores it as it came; what we can open is then converted by a job of its
 * own. An item that is stored already is left alone.
 * @param open reaches the provider; AppError `not-found` from it means that the item is gone for good
 * @throws what `open` and the download throw, so that the job tries again
 */
export async function storeInboundMedia(
  ctx: TenantContext,
  mediaId: string,
  open: InboundSource,
  options: { readonly signal: AbortSignal; readonly lastAttempt: boolean },
): Promise<MediaAssetRecord["state"] | "gone"> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const media = await MediaAsset.findOneAndUpdate(
    { _id: mediaId, state: "pending" },
    { $set: { updatedAt: ctx.now() }, $inc: { version: 1, attempts: 1 } },
    { returnDocument: "after" },
  ).lean();
  if (!media?.provider) return (await MediaAsset.findById(mediaId).lean())?.state ?? "gone";
  try {
    const opened = await open(media.provider);
    const original = await writeLoose(
      ctx,
      media._id,
      atMost(untilAborted(opened.bytes, options.signal), mostBytes, tooLarge),
    );
    const damage = damageOf(original, [opened, { size: null, sha256: media.declaredSha256 }]);
    if (damage) {
      await deleteLoose(ctx, media._id, [original.storageKey]);
      throw new MediaToolError(damage);
    }
    return await settleStored(ctx, media, opened.mime, original);
  } catch (error) {
    const givenUp = media.attempts > mostAttempts || (options.lastAttempt && !options.signal.aborted);
    const fault = mediaFault(error) ?? (givenUp ? notFetched : null);
    if (!fault) throw error;
    if (fault === notFetched) ctx.logger.error("Inbound media could not be fetched.", { mediaId }, error);
    await settleMedia(ctx, media, { state: "failed", error: fault });
    return "failed";
  }
}

/** What cannot be opened is kept all the same: a person may still download it. */
async function settleStored(
  ctx: TenantContext,
  media: MediaAssetRecord,
  mime: string,
  stored: { storageKey: string; size: number; sha256: string },
): Promise<MediaAssetRecord["state"]> {
  const storage = await tenantMediaStorage(ctx.clientCode);
  const head = await headOf(storage.read(stored.storageKey), magicBytes);
  const { identity, fault } = await identifyInbound(head, { mime, kind: media.kind }).then(
    (found) => ({ identity: found, fault: null }),
    (error: unknown) => {
      const reason = mediaFault(error);
      if (!reason) throw error;
      return { identity: null, fault: reason };
    },
  );
  const state = fault ? "failed" : media.kind === "document" ? "ready" : "stored";
  const settled = await settleMedia(
    ctx,
    media,
    {
      state,
      error: fault,
      renditions: [
        {
          role: "original",
          mime: identity?.mime ?? "application/octet-stream",
          width: null,
          height: null,
          durationMs: null,
          ...stored,
        },
      ],
    },
    state === "stored" ? () => enqueueProcessing(ctx, media._id) : undefined,
  );
  return settled?.state ?? media.state;
}

/** What is wrong with the bytes that arrived, against what was announced of them; null when nothing is. */
function damageOf(
  arrived: { size: number; sha256: string },
  announced: readonly { size: number | null; sha256: string | null }[],
): string | null {
  for (const { size, sha256 } of announced) {
    if (size !== null && size !== arrived.size) return "The download was cut off.";
    if (sha256 !== null && hexOf(sha256) !== arrived.sha256)
      return "The download does not have the announced SHA-256.";
  }
  return null;
}

/** Meta writes SHA-256 in base64 in webhooks and in hex in look-ups. */
function hexOf(sha256: string): string {
  return /^[0-9a-f]{64}$/i.test(sha256)
    ? sha256.toLowerCase()
    : Buffer.from(sha256, "base64").toString("hex");
}

function tooLarge(): AppError {
  return new AppError("payload-too-large", "The file is above the 100 MB that WhatsApp delivers.");
}

const notFetched = {
  code: "download-failed",
  detail: "It could not be fetched from WhatsApp. Ask the person to send it again.",
};
