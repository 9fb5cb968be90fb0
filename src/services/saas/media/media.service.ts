/** Turns stored media into what WhatsApp takes: photos compressed, sound as Opus in Ogg, video as MP4. */
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { inConversionSlot } from "../../../lib/media/conversion.slots";
import { requireFfmpeg } from "../../../lib/media/ffmpeg.binary";
import { compressImage, compressSticker } from "../../../lib/media/image";
import {
  type Container,
  identifyInbound,
  identifyUpload,
  type MediaIdentity,
  magicBytes,
} from "../../../lib/media/magic";
import { withPrivateDirectory } from "../../../lib/media/private.directory";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import { createTranscoder, type TranscodedFile } from "../../../lib/media/transcoder";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MediaAssetRecord, MediaRendition } from "../../../model/saas/media.asset.schema";
import { allOf, concatenated, headOf } from "./media.bytes";
import { deleteLoose, mediaFault, settleMedia, writeLoose } from "./media.record";
import { renditionOf } from "./media.serialiser";

/** Begun more often than this, it is the media that ends whoever opens it. */
const mostAttempts = 6;

export interface ProcessOptions {
  /** Ends the work at once, e.g. when the job was taken away. */
  readonly signal: AbortSignal;
  /** Nobody will try again: a failure of our own is settled too, so that nobody waits for ever. */
  readonly lastAttempt: boolean;
}

/**
 * Converts one stored item and settles it as ready, or as failed with the reason when the media is the reason. Run
 * twice, also side by side, it settles once. An item that is settled already is left alone.
 * @throws MediaToolError and others that a later attempt may not meet
 */
export async function processMedia(
  ctx: TenantContext,
  mediaId: string,
  options: ProcessOptions,
): Promise<MediaAssetRecord["state"] | "gone"> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const media = await MediaAsset.findOneAndUpdate(
    { _id: mediaId, state: trusted({ $in: ["stored", "processing"] }) },
    { $set: { state: "processing", updatedAt: ctx.now() }, $inc: { version: 1, attempts: 1 } },
    { returnDocument: "after" },
  ).lean();
  if (!media) return (await MediaAsset.findById(mediaId).lean())?.state ?? "gone";
  const original = renditionOf(media, "original");
  if (!original) throw new Error("A stored media item has no original.");
  const written: MediaRendition[] = [];
  try {
    if (media.attempts > mostAttempts) throw new Error("Converting was begun too often without an end.");
    await inConversionSlot(options.signal, () => convert(ctx, media, original, options.signal, written));
  } catch (error) {
    const keys = written.map((rendition) => rendition.storageKey);
    await deleteLoose(ctx, media._id, keys);
    const givenUp = media.attempts > mostAttempts || (options.lastAttempt && !options.signal.aborted);
    const fault = mediaFault(error) ?? (givenUp ? ownFault : null);
    if (!fault) throw error;
    if (fault === ownFault) ctx.logger.error("Media could not be converted.", { mediaId }, error);
    const failed = await settleMedia(ctx, media, { state: "failed", error: fault });
    return failed?.state ?? "processing";
  }
  // outside of the try: bytes that a commit may refer to are not deleted for an error that came after it
  const settled = await settleMedia(ctx, media, { state: "ready", renditions: [original, ...written] });
  return settled?.state ?? "processing";
}

const ownFault = {
  code: "processing-failed",
  detail: "It could not be converted on our side. Upload it again, or download the original.",
};

/** What one kind becomes: forms to store, each with where its bytes are. */
type Store = (
  form: Pick<MediaRendition, "role" | "mime" | "width" | "height" | "durationMs">,
  bytes: AsyncIterable<Uint8Array>,
) => Promise<void>;

async function convert(
  ctx: TenantContext,
  media: MediaAssetRecord,
  original: MediaRendition,
  signal: AbortSignal,
  written: MediaRendition[],
): Promise<void> {
  const storage = await tenantMediaStorage(ctx.clientCode);
  const source = () => storage.read(original.storageKey);
  const identity = await identify(media, await headOf(source(), magicBytes));
  const store: Store = async (form, bytes) => {
    signal.throwIfAborted();
    written.push({ ...form, ...(await writeLoose(ctx, media._id, bytes)) });
  };
  if (identity.container)
    await convertWithFfmpeg(media.kind, identity.container, original.size, source(), signal, store);
  else if (identity.kind === "image" || identity.kind === "sticker") {
    const compress = identity.kind === "image" ? compressImage : compressSticker;
    const { bytes, mime, width, height } = await compress(await allOf(source()));
    await store({ role: "processed", mime, width, height, durationMs: null }, concatenated([bytes]));
  }
}

/** Told from the bytes again, not from what was noted: this decides which decoder opens them. */
function identify(media: MediaAssetRecord, head: Buffer): Promise<MediaIdentity> {
  const declared = { mime: media.declaredMime, kind: media.kind };
  return media.origin === "upload" ? identifyUpload(head, declared) : identifyInbound(head, declared);
}

async function convertWithFfmpeg(
  kind: MediaAssetRecord["kind"],
  container: Container,
  size: number,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  store: Store,
): Promise<void> {
  const transcoder = createTranscoder(await requireFfmpeg());
  await withPrivateDirectory(size, async (directory) => {
    const keep = (role: "processed" | "thumbnail", file: TranscodedFile) =>
      store({ role, ...shapeOf(file) }, createReadStream(join(directory, file.name)));
    await writeFile(join(directory, "in.bin"), source, { mode: 0o600 });
    const input = { directory, name: "in.bin", container };
    if (kind === "audio") {
      await keep("processed", await transcoder.toVoiceNote(input, { signal }));
    } else {
      const video = await transcoder.toMp4(input, { signal });
      await keep("processed", video);
      const made = { directory, name: video.name, container: "mov" } as const;
      await keep("thumbnail", await transcoder.thumbnail(made, { signal }));
    }
  });
}

function shapeOf({ mime, width, height, durationSeconds }: TranscodedFile) {
  return {
    mime,
    width,
    height,
    durationMs: durationSeconds === null ? null : Math.round(durationSeconds * 1000),
  };
}
