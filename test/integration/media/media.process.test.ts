import { Types } from "mongoose";
import sharp from "sharp";
import { gridFsStorage } from "../../../src/lib/media/storage/gridfs.storage";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import type { MediaAssetRecord } from "../../../src/model/saas/media.asset.schema";
import { readContent } from "../../../src/services/saas/media/media.content.service";
import {
  findUploadedMedia,
  openSendableMedia,
  rememberUploadedMedia,
  requireSendableMedia,
} from "../../../src/services/saas/media/media.outbound.service";
import { findMedia } from "../../../src/services/saas/media/media.record";
import { processMedia } from "../../../src/services/saas/media/media.service";
import { madeByFfmpeg, phonePhoto, picture, tone, voiceRecording } from "../../builders/media.builder";
import { type MediaTenant, mediaTenant, stored, upload } from "./media.tenant";

let media: MediaTenant;
beforeAll(async () => {
  media = await mediaTenant();
});
afterAll(() => closeAllConnections());

const firstAttempt = () => ({ signal: new AbortController().signal, lastAttempt: false });
const idOf = (record: MediaAssetRecord) => record._id.toHexString();

async function processed(bytes: Buffer, mime: string): Promise<MediaAssetRecord> {
  const record = await upload(media.ctx, bytes, mime);
  await processMedia(media.ctx, idOf(record), firstAttempt());
  return findMedia(media.ctx, idOf(record));
}

describe("converting what was uploaded", () => {
  test("a photo ends upright, without its place, beside the original", async () => {
    const photo = await phonePhoto(800, 600);
    const record = await processed(photo, "image/jpeg");
    expect(record).toMatchObject({
      state: "ready",
      looseKeys: [],
      renditions: [
        { role: "original", size: photo.length },
        { role: "processed", mime: "image/jpeg", width: 600, height: 800 },
      ],
    });
    const { bytes } = await readContent(media.ctx, idOf(record), {});
    expect((await sharp(bytes).metadata()).exif).toBeUndefined();
    const { Outbox } = media.tenant.models;
    expect(await Outbox.countDocuments({ "subject.mediaId": idOf(record), type: "media_updated" })).toBe(1);
  });

  test("a voice recording becomes Opus in Ogg with its length", async () => {
    const record = await processed(await voiceRecording(2), "audio/mp4");
    const [, note] = record.renditions;
    expect(note).toMatchObject({ role: "processed", mime: "audio/ogg" });
    expect((note?.durationMs ?? 0) / 1000).toBeCloseTo(2, 0);
    const { bytes, headers } = await readContent(media.ctx, idOf(record), {});
    expect(bytes.subarray(0, 4).toString()).toBe("OggS");
    expect(headers["content-type"]).toBe("audio/ogg");
  });

  test("a video becomes MP4 with a thumbnail", async () => {
    const video = await madeByFfmpeg(...picture(1), ...tone(1), "-c:v", "mpeg4", "-c:a", "aac", "video.mov");
    const record = await processed(video, "video/quicktime");
    expect(record).toMatchObject({
      state: "ready",
      renditions: [
        { role: "original", mime: "video/quicktime" },
        { role: "processed", mime: "video/mp4", width: 320, height: 240 },
        { role: "thumbnail", mime: "image/jpeg" },
      ],
    });
    const thumbnail = await readContent(media.ctx, idOf(record), { rendition: "thumbnail" });
    expect((await sharp(thumbnail.bytes).metadata()).format).toBe("jpeg");
  });

  test("run twice side by side it settles once and leaves no bytes behind", async () => {
    const before = (await stored(media.ctx)).files;
    const record = await upload(media.ctx, await phonePhoto(), "image/jpeg");
    await Promise.all([
      processMedia(media.ctx, idOf(record), firstAttempt()),
      processMedia(media.ctx, idOf(record), firstAttempt()),
    ]);
    const settled = await findMedia(media.ctx, idOf(record));
    expect(settled).toMatchObject({ state: "ready", looseKeys: [] });
    expect(await stored(media.ctx)).toEqual({ files: before + 2, orphanChunks: 0 });
    expect(await processMedia(media.ctx, idOf(record), firstAttempt())).toBe("ready");
    expect((await findMedia(media.ctx, idOf(record))).version).toBe(settled.version);
  });

  test("damaged media fails with a sentence for a person, and the original can still be saved", async () => {
    const photo = await phonePhoto(800, 600);
    const cut = photo.subarray(0, photo.length - 500);
    const record = await processed(cut, "image/jpeg");
    expect(record).toMatchObject({
      state: "failed",
      error: { code: "media-unsupported", detail: expect.stringContaining("damaged") },
      renditions: [{ role: "original" }],
    });
    const original = await readContent(media.ctx, idOf(record), {});
    expect(original.bytes.equals(cut)).toBe(true);
    expect(original.headers["content-disposition"]).toBe("attachment");
  });

  test("a conversion that was cancelled is begun again later", async () => {
    const record = await upload(media.ctx, await voiceRecording(), "audio/mp4");
    const cancelled = AbortSignal.abort(new Error("the worker stops"));
    await expect(
      processMedia(media.ctx, idOf(record), { signal: cancelled, lastAttempt: true }),
    ).rejects.toThrow("the worker stops");
    expect(await findMedia(media.ctx, idOf(record))).toMatchObject({ state: "processing" });
    expect(await processMedia(media.ctx, idOf(record), firstAttempt())).toBe("ready");
  });

  test("when our own side fails the job tries again, and the last try says so", async () => {
    const record = await upload(media.ctx, await phonePhoto(), "image/jpeg");
    const storage = gridFsStorage(await tenantConnection(media.ctx.clientCode));
    await storage.delete(record.renditions[0]?.storageKey ?? "");
    await expect(processMedia(media.ctx, idOf(record), firstAttempt())).rejects.toThrow("Nothing is stored");
    expect(await findMedia(media.ctx, idOf(record))).toMatchObject({ state: "processing", error: null });
    await processMedia(media.ctx, idOf(record), { ...firstAttempt(), lastAttempt: true });
    expect(await findMedia(media.ctx, idOf(record))).toMatchObject({
      state: "failed",
      error: { code: "processing-failed" },
    });
  });

  test("media that ends whoever opens it is given up after six times", async () => {
    const record = await upload(media.ctx, await phonePhoto(), "image/jpeg");
    await media.tenant.models.MediaAsset.updateOne({ _id: record._id }, { $set: { attempts: 6 } });
    expect(await processMedia(media.ctx, idOf(record), firstAttempt())).toBe("failed");
  });
});

describe("reading content", () => {
  const bytes = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(6 * 1024 * 1024, "0123456789")]);
  const partBytes = 4 * 1024 * 1024;
  let id = "";
  const read = (range?: string) => readContent(media.ctx, id, range === undefined ? {} : { range });
  beforeAll(async () => {
    id = idOf(await upload(media.ctx, bytes, "application/pdf", { fileName: 'Angebot "Ä".pdf' }));
  });

  test("more than 4 MB at once is refused with the way to ask for it", async () => {
    for (const range of [undefined, `bytes=0-${partBytes}`, "bytes=0-1,5-9", "bytes=9-5", "chapters=1-2"]) {
      await expect(read(range)).rejects.toMatchObject({ code: "use-range", status: 413 });
    }
  });

  test.each([
    ["bytes=0-9", 0, 10],
    [`bytes=${partBytes - 5}-${partBytes + 4}`, partBytes - 5, partBytes + 5],
    ["bytes=-7", bytes.length - 7, bytes.length],
    [`bytes=${bytes.length - 3}-${bytes.length + 99}`, bytes.length - 3, bytes.length],
    ["bytes=0-", 0, partBytes],
  ])("%s gives exactly those bytes", async (range, start, end) => {
    const part = await read(range);
    expect(part.status).toBe(206);
    expect(part.headers["content-range"]).toBe(`bytes ${start}-${end - 1}/${bytes.length}`);
    expect(part.bytes.equals(bytes.subarray(start, end))).toBe(true);
  });

  test.each([`bytes=${bytes.length}-`, "bytes=-0"])("%s lies outside", async (range) => {
    await expect(read(range)).rejects.toMatchObject({
      code: "range-not-satisfiable",
      status: 416,
      options: { headers: { "content-range": `bytes */${bytes.length}` } },
    });
  });

  test("a document is only ever an attachment, under a name that no header can break out of", async () => {
    const { headers } = await read("bytes=0-9");
    expect(headers).toMatchObject({
      "content-type": "application/pdf",
      "content-disposition": `attachment; filename="Angebot ___.pdf"; filename*=UTF-8''Angebot%20%22%C3%84%22.pdf`,
      "x-content-type-options": "nosniff",
    });
  });

  test("what is still being uploaded or was never made has no content", async () => {
    await expect(readContent(media.ctx, id, { rendition: "thumbnail" })).rejects.toMatchObject({
      code: "not-found",
    });
    const photo = await upload(media.ctx, await phonePhoto(), "image/jpeg");
    await expect(readContent(media.ctx, idOf(photo), { rendition: "processed" })).rejects.toMatchObject({
      code: "invalid-state",
    });
  });
});

describe("sending", () => {
  test("only what is ready and of this tenant can be sent", async () => {
    const photo = await upload(media.ctx, await phonePhoto(), "image/jpeg");
    await expect(requireSendableMedia(media.ctx, idOf(photo))).rejects.toMatchObject({
      code: "invalid-state",
    });
    await processMedia(media.ctx, idOf(photo), firstAttempt());
    const sendable = await openSendableMedia(media.ctx, idOf(photo));
    expect(sendable).toMatchObject({ kind: "image", mime: "image/jpeg" });
    expect((await sendable.bytes()).length).toBe(sendable.size);
    const other = await mediaTenant();
    for (const id of [idOf(photo), "not-an-id"]) {
      await expect(requireSendableMedia(other.ctx, id)).rejects.toMatchObject({ code: "invalid-reference" });
    }
  });

  test("Meta's id of an upload is remembered per connection for 29 days", async () => {
    const record = await processed(await phonePhoto(), "image/jpeg");
    const [connection, another] = [new Types.ObjectId(), new Types.ObjectId()];
    await rememberUploadedMedia(media.ctx, idOf(record), connection, "110022");
    await rememberUploadedMedia(media.ctx, idOf(record), connection, "110033");
    expect(await findUploadedMedia(media.ctx, idOf(record), connection)).toBe("110033");
    expect(await findUploadedMedia(media.ctx, idOf(record), another)).toBeNull();
    const later = { ...media.ctx, now: () => new Date(Date.now() + 28.5 * 86_400_000) };
    expect(await findUploadedMedia(later, idOf(record), connection)).toBeNull();
  });
});
