/** Media that a caller names by a link: fetched into our storage, then handled like an upload. */
import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { identifyInbound, magicBytes } from "../../../lib/media/magic";
import { mediaUnsupported } from "../../../lib/media/media.errors";
import { mediaRules } from "../../../lib/media/media.rules";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import { fetchPublic } from "../../../lib/net/fetch.public";
import type { Change } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MediaAssetRecord } from "../../../model/saas/media.asset.schema";
import { atMost, headOf, untilAborted } from "./media.bytes";
import { cleanFileName } from "./media.file.name";
import { enqueueDownload } from "./media.inbound.service";
import { deleteLoose, mediaFault, settleMedia, writeLoose } from "./media.record";
import { enqueueProcessing } from "./media.upload.service";

const mostAttempts = 12;
/** A server that drips its bytes holds no job for longer. */
const longestFetchMs = 5 * 60_000;

export interface LinkedMedia {
  readonly kind: MediaAssetRecord["kind"];
  /** Let through by `requirePublicUrl`; it is checked again when it is fetched. */
  readonly url: string;
  readonly fileName: string | null;
  readonly leadId: Types.ObjectId;
}

/** Notes, within the change that stores a message, the media behind a link; it is fetched after the commit. */
export async function registerLinkedMediaInChange(
  ctx: TenantContext,
  change: Change,
  { kind, url, fileName, leadId }: LinkedMedia,
): Promise<Types.ObjectId> {
  const { models, session, now } = change;
  const record: MediaAssetRecord = {
    _id: new Types.ObjectId(),
    version: 1,
    origin: "link",
    kind,
    state: "pending",
    declaredMime: "application/octet-stream",
    declaredSize: null,
    declaredSha256: null,
    fileName: cleanFileName(fileName),
    sourceUrl: url,
    parts: [],
    looseKeys: [],
    attempts: 0,
    renditions: [],
    provider: null,
    uploaded: [],
    leadId,
    messageId: null,
    error: null,
    createdAt: now,
    updatedAt: now,
  };
  await models.MediaAsset.create([record], { session });
  change.afterCommit(() => enqueueDownload(ctx, record._id));
  return record._id;
}

/**
 * Fetches the item behind a link and stores it as it came; sound and pictures are then converted by a job of its own.
 * @returns null when the item is none of a link, so that whoever fetches the others takes it
 * @throws what a later attempt may not meet
 */
export async function storeLinkedMedia(
  ctx: TenantContext,
  mediaId: string,
  options: { readonly signal: AbortSignal; readonly lastAttempt: boolean },
): Promise<MediaAssetRecord["state"] | null> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const known = await MediaAsset.findById(mediaId).lean();
  if (known?.origin !== "link") return null;
  const media = await MediaAsset.findOneAndUpdate(
    { _id: mediaId, state: "pending" },
    { $set: { updatedAt: ctx.now() }, $inc: { version: 1, attempts: 1 } },
    { returnDocument: "after" },
  ).lean();
  if (!media) return known.state;
  try {
    return await store(ctx, media, options.signal);
  } catch (error) {
    const givenUp = media.attempts > mostAttempts || (options.lastAttempt && !options.signal.aborted);
    const fault = faultOf(error) ?? (givenUp ? notFetched : null);
    if (!fault) throw error;
    await settleMedia(ctx, media, { state: "failed", error: fault });
    return "failed";
  }
}

async function store(
  ctx: TenantContext,
  media: MediaAssetRecord,
  signal: AbortSignal,
): Promise<MediaAssetRecord["state"]> {
  const { kind, sourceUrl } = media;
  const most = mediaRules[kind].uploadMaxBytes;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(longestFetchMs)]);
  const opened = await fetchPublic(sourceUrl ?? "", inTime);
  if (opened.contentLength !== null && opened.contentLength > most) throw tooLarge(kind, most);
  const stored = await writeLoose(
    ctx,
    media._id,
    atMost(untilAborted(opened.bytes, inTime), most, () => tooLarge(kind, most)),
  );
  try {
    const mime = await mimeOf(ctx, kind, stored.storageKey, opened.contentType ?? "");
    const original = { role: "original" as const, mime, width: null, height: null, durationMs: null };
    const isReady = kind === "document";
    const settled = await settleMedia(
      ctx,
      media,
      { state: isReady ? "ready" : "stored", mime, renditions: [{ ...original, ...stored }] },
      isReady ? undefined : () => enqueueProcessing(ctx, media._id),
    );
    return settled?.state ?? media.state;
  } catch (error) {
    if (mediaFault(error)) await deleteLoose(ctx, media._id, [stored.storageKey]);
    throw error;
  }
}

/** Told from the bytes; servers often name no type, or a wrong one. @throws AppError media-unsupported, media-type-mismatch */
async function mimeOf(
  ctx: TenantContext,
  kind: MediaAssetRecord["kind"],
  storageKey: string,
  declared: string,
): Promise<string> {
  const storage = await tenantMediaStorage(ctx.clientCode);
  const head = await headOf(storage.read(storageKey), magicBytes);
  const { mime } = await identifyInbound(head, { mime: declared, kind });
  if (kind !== "document" || mediaRules.document.whatsappMimes.includes(mime)) return mime;
  throw mediaUnsupported("The link does not lead to a document that WhatsApp takes, e.g. a PDF.");
}

function faultOf(error: unknown): { code: string; detail: string } | null {
  const isRefused = error instanceof AppError && error.code === "url-not-allowed";
  return isRefused ? { code: error.code, detail: error.detail } : mediaFault(error);
}

function tooLarge(kind: string, most: number): AppError {
  return new AppError("payload-too-large", `As ${kind} a file may have at most ${most} bytes.`);
}

const notFetched = {
  code: "download-failed",
  detail: "The link could not be fetched. Check that anybody can open it, and send it again.",
};
