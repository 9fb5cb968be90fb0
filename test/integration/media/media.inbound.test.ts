import { createHash } from "node:crypto";
import { Types } from "mongoose";
import { AppError } from "../../../src/lib/errors/app.error";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { concatenated } from "../../../src/services/saas/media/media.bytes";
import {
  type InboundMedia,
  type OpenedMedia,
  registerInboundMediaInChange,
  storeInboundMedia,
} from "../../../src/services/saas/media/media.inbound.service";
import { findMedia } from "../../../src/services/saas/media/media.record";
import { processMedia } from "../../../src/services/saas/media/media.service";
import { sweepMedia } from "../../../src/services/saas/media/media.sweep.service";
import { phonePhoto, voiceRecording } from "../../builders/media.builder";
import { jobsFor, type MediaTenant, mediaTenant, stored } from "./media.tenant";

let media: MediaTenant;
beforeAll(async () => {
  media = await mediaTenant();
});
afterAll(() => closeAllConnections());

const firstAttempt = () => ({ signal: new AbortController().signal, lastAttempt: false });
const sha256 = (bytes: Buffer, encoding: "hex" | "base64" = "hex") =>
  createHash("sha256").update(bytes).digest(encoding);

/** Registers an item as the handling of a webhook does. */
async function registered(about: Partial<InboundMedia> = {}): Promise<string> {
  const item: InboundMedia = {
    kind: "audio",
    mime: "audio/ogg; codecs=opus",
    fileName: null,
    sha256: null,
    provider: { mediaId: new Types.ObjectId().toHexString(), connectionId: new Types.ObjectId() },
    leadId: new Types.ObjectId(),
    messageId: new Types.ObjectId(),
    ...about,
  };
  const id = await commitChange(media.ctx, (change) => registerInboundMediaInChange(media.ctx, change, item));
  return id.toHexString();
}

/** What a provider gives for some bytes. */
const offered =
  (bytes: Buffer, about: Partial<OpenedMedia> = {}) =>
  async (): Promise<OpenedMedia> => ({
    mime: "audio/ogg",
    size: bytes.length,
    sha256: sha256(bytes),
    bytes: concatenated([bytes]),
    ...about,
  });

describe("media that a customer sent", () => {
  test("is fetched after its message is stored, kept as it came, and converted", async () => {
    const voice = await voiceRecording(1);
    const id = await registered({ mime: "audio/mp4", sha256: sha256(voice, "base64") });
    expect(await jobsFor(id)).toEqual(["media.download"]);
    expect(
      await storeInboundMedia(media.ctx, id, offered(voice, { mime: "audio/mp4" }), firstAttempt()),
    ).toBe("stored");
    expect(await jobsFor(id)).toEqual(["media.download", "media.process"]);
    expect(await processMedia(media.ctx, id, firstAttempt())).toBe("ready");
    expect(await findMedia(media.ctx, id)).toMatchObject({
      origin: "inbound",
      looseKeys: [],
      renditions: [
        { role: "original", mime: "audio/mp4", sha256: sha256(voice) },
        { role: "processed", mime: "audio/ogg" },
      ],
    });
    expect(await storeInboundMedia(media.ctx, id, offered(voice), firstAttempt())).toBe("ready");
  });

  test("registered twice for one message it is one item", async () => {
    const about = {
      provider: { mediaId: "110022", connectionId: new Types.ObjectId() },
      messageId: new Types.ObjectId(),
    };
    expect(await registered(about)).toBe(await registered(about));
  });

  test("a document of any type is kept, and ready at once", async () => {
    const program = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(300)]);
    const id = await registered({ kind: "document", mime: "application/pdf", fileName: "../invoice.pdf" });
    await storeInboundMedia(media.ctx, id, offered(program, { mime: "application/pdf" }), firstAttempt());
    expect(await findMedia(media.ctx, id)).toMatchObject({
      state: "ready",
      fileName: "invoice.pdf",
      renditions: [{ role: "original", mime: "application/x-msdownload" }],
    });
  });

  test("what is not what WhatsApp called it is kept but never opened", async () => {
    const photo = await phonePhoto();
    const id = await registered();
    expect(await storeInboundMedia(media.ctx, id, offered(photo), firstAttempt())).toBe("failed");
    expect(await findMedia(media.ctx, id)).toMatchObject({
      error: { code: "media-type-mismatch" },
      renditions: [{ role: "original", mime: "application/octet-stream" }],
    });
    expect(await jobsFor(id)).toEqual(["media.download"]);
  });

  test.each([
    ["was cut off", { size: 1 }],
    ["has another SHA-256 than Meta's look-up says", { sha256: sha256(Buffer.from("other")) }],
  ])("a download that %s is thrown away and tried again", async (_name, about) => {
    const voice = await voiceRecording(1);
    const before = await stored(media.ctx);
    const id = await registered({ mime: "audio/mp4" });
    await expect(
      storeInboundMedia(media.ctx, id, offered(voice, { mime: "audio/mp4", ...about }), firstAttempt()),
    ).rejects.toThrow("The download");
    expect(await stored(media.ctx)).toEqual(before);
    expect(await findMedia(media.ctx, id)).toMatchObject({ state: "pending", looseKeys: [] });
    await storeInboundMedia(media.ctx, id, offered(voice, { mime: "audio/mp4" }), firstAttempt());
    expect(await findMedia(media.ctx, id)).toMatchObject({ state: "stored" });
  });

  test("a download that is not what the webhook announced is thrown away too", async () => {
    const id = await registered({ sha256: sha256(Buffer.from("other"), "base64") });
    await expect(
      storeInboundMedia(media.ctx, id, offered(await voiceRecording(1)), firstAttempt()),
    ).rejects.toThrow("SHA-256");
  });

  test("what Meta no longer has fails at once, other troubles at the last try", async () => {
    const gone = await registered();
    const notThere = async () => {
      throw new AppError("not-found", "Meta no longer has this media.");
    };
    expect(await storeInboundMedia(media.ctx, gone, notThere, firstAttempt())).toBe("failed");
    expect(await findMedia(media.ctx, gone)).toMatchObject({ error: { code: "not-found" } });

    const troubled = await registered();
    const down = async () => {
      throw new Error("connect ECONNREFUSED");
    };
    await expect(storeInboundMedia(media.ctx, troubled, down, firstAttempt())).rejects.toThrow(
      "ECONNREFUSED",
    );
    await storeInboundMedia(media.ctx, troubled, down, { ...firstAttempt(), lastAttempt: true });
    expect(await findMedia(media.ctx, troubled)).toMatchObject({
      state: "failed",
      error: { code: "download-failed" },
    });
  });

  test("a lost download job is found by the sweep", async () => {
    const id = await registered();
    const { getCentralModels } = await import("../../../src/lib/db/get.central.models");
    const { Job } = await getCentralModels();
    await Job.deleteMany({ "payload.mediaId": id });
    const later = { ...media.ctx, now: () => new Date(Date.now() + 10 * 60_000) };
    await sweepMedia(later);
    expect(await jobsFor(id)).toEqual(["media.download"]);
  });
});
