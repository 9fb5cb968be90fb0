import { createHash } from "node:crypto";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { concatenated } from "../../../src/services/saas/media/media.bytes";
import { findMedia, writeLoose } from "../../../src/services/saas/media/media.record";
import { sweepMedia } from "../../../src/services/saas/media/media.sweep.service";
import { completeUpload, openUpload, putPart } from "../../../src/services/saas/media/media.upload.service";
import { phonePhoto } from "../../builders/media.builder";
import { jobsFor, type MediaTenant, mediaTenant, stored, upload } from "./media.tenant";

let clock = new Date("2026-11-22T09:00:00.000Z");
let media: MediaTenant;
beforeAll(async () => {
  media = await mediaTenant({ now: () => clock });
});
afterAll(() => closeAllConnections());

const pdf = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(9_000, "x")]);
const pdfUpload = { mime: "application/pdf", size: pdf.length };
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

async function opened(declared: Parameters<typeof openUpload>[1] = pdfUpload): Promise<string> {
  return (await openUpload(media.ctx, declared))._id.toHexString();
}

describe("uploading", () => {
  test("parts may come in any order and side by side, and end as one file", async () => {
    const id = await opened({ ...pdfUpload, sha256: sha256(pdf), fileName: "../../offer\r\n.pdf" });
    await Promise.all(
      [3, 1, 2].map((n) => putPart(media.ctx, id, n, pdf.subarray((n - 1) * 4_000, n * 4_000))),
    );
    await completeUpload(media.ctx, id);
    expect(await findMedia(media.ctx, id)).toMatchObject({
      state: "ready",
      fileName: "offer.pdf",
      parts: [],
      looseKeys: [],
      renditions: [{ role: "original", mime: "application/pdf", size: pdf.length, sha256: sha256(pdf) }],
    });
    expect(await stored(media.ctx)).toEqual({ files: 1, orphanChunks: 0 });
    expect(await jobsFor(id)).toEqual([]);
    const { Outbox } = media.tenant.models;
    expect(await Outbox.findOne({ "subject.mediaId": id }).lean()).toMatchObject({
      type: "media_updated",
      data: { state: "ready", kind: "document" },
    });
  });

  test("a photo waits for its conversion, which is queued once however often the upload is completed", async () => {
    const photo = await upload(media.ctx, await phonePhoto(), "image/jpeg");
    const id = photo._id.toHexString();
    expect(photo).toMatchObject({ state: "stored", kind: "image" });
    expect((await completeUpload(media.ctx, id)).version).toBe(photo.version);
    expect(await jobsFor(id)).toEqual(["media.process"]);
  });

  test("completing twice at the same time settles once and leaves no bytes behind", async () => {
    const before = (await stored(media.ctx)).files;
    const id = await opened();
    await putPart(media.ctx, id, 1, pdf);
    const both = await Promise.all([completeUpload(media.ctx, id), completeUpload(media.ctx, id)]);
    expect(new Set(both.map((record) => record.renditions[0]?.storageKey)).size).toBe(1);
    expect(await stored(media.ctx)).toEqual({ files: before + 1, orphanChunks: 0 });
  });

  test("a part that is sent again replaces the first", async () => {
    const id = await opened();
    const before = (await stored(media.ctx)).files;
    await putPart(media.ctx, id, 1, Buffer.alloc(5_000));
    await putPart(media.ctx, id, 1, pdf);
    expect(await stored(media.ctx)).toEqual({ files: before + 1, orphanChunks: 0 });
    expect(await completeUpload(media.ctx, id)).toMatchObject({ renditions: [{ sha256: sha256(pdf) }] });
  });

  test("missing parts and damaged bytes are named, and can be sent again", async () => {
    const id = await opened({ ...pdfUpload, sha256: sha256(pdf) });
    await putPart(media.ctx, id, 2, pdf.subarray(4_000));
    await expect(completeUpload(media.ctx, id)).rejects.toMatchObject({
      code: "invalid-state",
      detail: expect.stringContaining("Part 1 is missing"),
    });
    await putPart(media.ctx, id, 1, pdf.subarray(0, 3_000));
    await expect(completeUpload(media.ctx, id)).rejects.toMatchObject({
      code: "invalid-state",
      detail: expect.stringContaining(`of ${pdf.length} bytes`),
    });
    const damaged = Buffer.from(pdf.subarray(0, 4_000));
    damaged[3_999] = 0;
    await putPart(media.ctx, id, 1, damaged);
    await expect(completeUpload(media.ctx, id)).rejects.toMatchObject({
      code: "invalid-state",
      detail: expect.stringContaining("SHA-256"),
    });
    await putPart(media.ctx, id, 1, pdf.subarray(0, 4_000));
    expect(await completeUpload(media.ctx, id)).toMatchObject({ state: "ready" });
  });

  test("parts beyond the declared size, and parts of a finished upload, are refused", async () => {
    const id = await opened();
    await expect(putPart(media.ctx, id, 1, Buffer.alloc(pdf.length + 1))).rejects.toMatchObject({
      code: "payload-too-large",
    });
    await putPart(media.ctx, id, 1, pdf);
    await completeUpload(media.ctx, id);
    await expect(putPart(media.ctx, id, 1, pdf)).rejects.toMatchObject({ code: "invalid-state" });
  });

  test("a file that is not what was declared fails for good and its bytes are deleted", async () => {
    const before = (await stored(media.ctx)).files;
    const program = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(500)]);
    const id = await opened({ mime: "image/jpeg", size: program.length });
    await putPart(media.ctx, id, 1, program);
    for (let i = 0; i < 2; i++) {
      await expect(completeUpload(media.ctx, id)).rejects.toMatchObject({
        code: "media-type-mismatch",
        status: 422,
      });
    }
    expect(await findMedia(media.ctx, id)).toMatchObject({ state: "failed", parts: [], looseKeys: [] });
    expect(await stored(media.ctx)).toEqual({ files: before, orphanChunks: 0 });
  });

  test("types that are not taken and files above their kind's limit are refused before a byte is sent", async () => {
    await expect(opened({ mime: "image/svg+xml", size: 10 })).rejects.toMatchObject({
      code: "media-unsupported",
    });
    await expect(opened({ mime: "image/jpeg", size: 30 * 1024 * 1024 })).rejects.toMatchObject({
      code: "payload-too-large",
      status: 413,
    });
  });

  test("another tenant does not find it", async () => {
    const other = await mediaTenant();
    const id = await opened();
    for (const attempt of [
      () => findMedia(other.ctx, id),
      () => putPart(other.ctx, id, 1, pdf),
      () => completeUpload(other.ctx, id),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: "not-found" });
    }
    expect(await findMedia(media.ctx, id)).toMatchObject({ state: "uploading", parts: [], version: 1 });
  });
});

describe("the sweep", () => {
  test("ends uploads that nobody went on with for a day, and deletes their bytes", async () => {
    const swept = await mediaTenant({ now: () => clock });
    const id = (await openUpload(swept.ctx, pdfUpload))._id.toHexString();
    await putPart(swept.ctx, id, 1, pdf.subarray(0, 100));
    clock = new Date(clock.getTime() + 23 * 3_600_000);
    await sweepMedia(swept.ctx);
    expect(await findMedia(swept.ctx, id)).toMatchObject({ state: "uploading" });
    clock = new Date(clock.getTime() + 2 * 3_600_000);
    expect(await sweepMedia(swept.ctx)).toEqual({ taken: 1 });
    expect(await findMedia(swept.ctx, id)).toMatchObject({
      state: "failed",
      error: { code: "upload-expired" },
    });
    expect(await stored(swept.ctx)).toEqual({ files: 0, orphanChunks: 0 });
  });

  test("queues again what a crash left stored without a job", async () => {
    const swept = await mediaTenant({ now: () => clock });
    const photo = await upload(swept.ctx, await phonePhoto(), "image/jpeg");
    const { Job } = await getCentralModels();
    await Job.deleteMany({ "payload.mediaId": photo._id.toHexString() });
    await sweepMedia(swept.ctx);
    expect(await jobsFor(photo._id.toHexString())).toEqual([]);
    clock = new Date(clock.getTime() + 3 * 60_000);
    await sweepMedia(swept.ctx);
    await sweepMedia(swept.ctx);
    expect(await jobsFor(photo._id.toHexString())).toEqual(["media.process"]);
  });

  test("deletes bytes that a crash left half written or unreferenced", async () => {
    const swept = await mediaTenant({ now: () => clock });
    const { _id } = await openUpload(swept.ctx, pdfUpload);
    await writeLoose(swept.ctx, _id, concatenated([pdf]));
    expect((await stored(swept.ctx)).files).toBe(1);
    clock = new Date(clock.getTime() + 30 * 60_000);
    await sweepMedia(swept.ctx);
    expect((await stored(swept.ctx)).files).toBe(1);
    clock = new Date(clock.getTime() + 40 * 60_000);
    await sweepMedia(swept.ctx);
    expect(await stored(swept.ctx)).toEqual({ files: 0, orphanChunks: 0 });
    expect(await findMedia(swept.ctx, _id.toHexString())).toMatchObject({ looseKeys: [] });
  });
});
