import { identifyInbound, identifyUpload } from "../../../src/lib/media/magic";
import { kindOfMime } from "../../../src/lib/media/media.rules";
import { madeByFfmpeg, phonePhoto, picture, tone, voiceRecording } from "../../builders/media.builder";

const mismatch = { code: "media-type-mismatch", status: 422 };
const unsupported = { code: "media-unsupported", status: 422 };
const windowsProgram = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(200)]);

describe("what a file really is", () => {
  test("a photo is an image of the type its bytes show, even under another image's name", async () => {
    expect(await identifyUpload(await phonePhoto(), { mime: "image/png", kind: "image" })).toEqual({
      kind: "image",
      mime: "image/jpeg",
      container: null,
    });
  });

  test.each([
    ["m4a", "audio/mp4", "audio/mp4", "mov"],
    ["mp3", "audio/mpeg", "audio/mpeg", "mp3"],
    ["ogg", "audio/ogg; codecs=opus", "audio/ogg", "ogg"],
    ["wav", "audio/wav", "audio/wav", "wav"],
    ["aac", "audio/aac", "audio/aac", "aac"],
    ["webm", "audio/webm;codecs=opus", "audio/webm", "matroska"],
  ])("sound in .%s declared as %s is %s", async (extension, declared, mime, container) => {
    const codec = ["ogg", "webm"].includes(extension) ? ["-c:a", "libopus"] : [];
    const bytes = await madeByFfmpeg(...tone(1), ...codec, `sound.${extension}`);
    expect(await identifyUpload(bytes, { mime: declared, kind: "audio" })).toEqual({
      kind: "audio",
      mime,
      container,
    });
  });

  test("an MP4 with sound alone may be declared as audio, since browsers record so", async () => {
    const bytes = await madeByFfmpeg(...tone(1), "-c:a", "aac", "sound.mp4");
    expect(await identifyUpload(bytes, { mime: "audio/mp4", kind: "audio" })).toMatchObject({
      mime: "audio/mp4",
      container: "mov",
    });
  });

  test.each([
    ["mp4", "video/mp4"],
    ["mov", "video/quicktime"],
    ["3gp", "video/3gpp"],
    ["webm", "video/webm"],
  ])("video in .%s is %s", async (extension, mime) => {
    const codec = extension === "webm" ? ["-c:v", "libvpx"] : ["-c:v", "mpeg4"];
    const bytes = await madeByFfmpeg(...picture(1), ...codec, `video.${extension}`);
    expect(await identifyUpload(bytes, { mime, kind: "video" })).toMatchObject({ kind: "video", mime });
  });

  test("documents must be exactly what they are declared as", async () => {
    const pdf = Buffer.from("%PDF-1.7\n1 0 obj\n");
    expect(await identifyUpload(pdf, { mime: "application/pdf", kind: "document" })).toMatchObject({
      mime: "application/pdf",
    });
    await expect(identifyUpload(pdf, { mime: "text/plain", kind: "document" })).rejects.toMatchObject(
      mismatch,
    );
    const oldOffice = Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.alloc(512)]);
    expect(await identifyUpload(oldOffice, { mime: "application/msword", kind: "document" })).toMatchObject({
      mime: "application/msword",
    });
  });

  test("plain text is UTF-8 without control characters", async () => {
    const declared = { mime: "text/plain", kind: "document" } as const;
    expect(await identifyUpload(Buffer.from("Grüße, 你好\n\tend"), declared)).toMatchObject({
      mime: "text/plain",
    });
    await expect(identifyUpload(Buffer.from("a\u0000b"), declared)).rejects.toMatchObject(mismatch);
    await expect(identifyUpload(Buffer.from([0xff, 0xfe, 0x41]), declared)).rejects.toMatchObject(mismatch);
  });
});

describe("files in disguise", () => {
  test.each([
    ["a program named .jpg", windowsProgram, "image/jpeg", "image"],
    ["an SVG named .png", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), "image/png", "image"],
    [
      "a page named .pdf",
      Buffer.from("<!doctype html><script>alert(1)</script>"),
      "application/pdf",
      "document",
    ],
    ["a GIF that is also a script", Buffer.from("GIF89a/*\x01\x00*/=1;alert(1)"), "image/jpeg", "image"],
    [
      "an HLS playlist named .mp4",
      Buffer.from("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
      "video/mp4",
      "video",
    ],
    [
      "an ffconcat list named .m4a",
      Buffer.from("ffconcat version 1.0\nfile other.m4a\n"),
      "audio/mp4",
      "audio",
    ],
    ["nothing at all named .mp3", Buffer.alloc(0), "audio/mpeg", "audio"],
  ] as const)("%s is refused", async (_name, bytes, mime, kind) => {
    await expect(identifyUpload(bytes, { mime, kind })).rejects.toMatchObject(mismatch);
  });

  test("a photo declared as audio is refused, and the answer names what is taken", async () => {
    await expect(
      identifyUpload(await phonePhoto(), { mime: "audio/mpeg", kind: "audio" }),
    ).rejects.toMatchObject({
      ...mismatch,
      detail: expect.stringContaining("audio/mpeg"),
    });
  });

  test("a type that we do not take is refused whatever the bytes", async () => {
    const svg = Buffer.from("<svg/>");
    await expect(identifyUpload(svg, { mime: "image/svg+xml", kind: "image" })).rejects.toMatchObject(
      unsupported,
    );
    expect(kindOfMime("image/svg+xml")).toBeNull();
    expect(kindOfMime("Audio/OGG; codecs=opus")).toBe("audio");
  });
});

describe("what customers send through WhatsApp", () => {
  test("a document of any type is kept under the type its bytes show", async () => {
    const declared = { mime: "text/html", kind: "document" } as const;
    expect(await identifyInbound(windowsProgram, declared)).toMatchObject({
      mime: "application/x-msdownload",
    });
    expect(await identifyInbound(Buffer.from("<html></html>"), declared)).toMatchObject({
      mime: "text/plain",
    });
    expect(await identifyInbound(Buffer.from([1, 2, 3]), declared)).toMatchObject({
      mime: "application/octet-stream",
    });
  });

  test("sound, pictures and video are opened only when the bytes agree", async () => {
    const audio = { mime: "audio/ogg", kind: "audio" } as const;
    expect(await identifyInbound(await voiceRecording(1), audio)).toMatchObject({ container: "mov" });
    await expect(identifyInbound(windowsProgram, audio)).rejects.toMatchObject(mismatch);
  });
});
