import { execFile } from "node:child_process";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { findFfmpeg } from "../../../src/lib/media/ffmpeg.binary";
import type { Container } from "../../../src/lib/media/magic";
import { withPrivateDirectory } from "../../../src/lib/media/private.directory";
import { createTranscoder, type MediaFile, type Transcoder } from "../../../src/lib/media/transcoder";
import { ffmpeg, ffmpegBinaries, mediaDirectory, picture, tone } from "../../builders/media.builder";

const unsupported = { code: "media-unsupported", status: 422 };
const h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await mediaDirectory());
});
afterAll(() => remove());

/** Makes a file with ffmpeg called directly; the last argument is its name. */
async function made(container: Container, ...args: string[]): Promise<MediaFile> {
  await ffmpeg(directory, ...args);
  return { directory, name: args.at(-1) ?? "", container };
}

async function written(container: Container, name: string, content: string | Buffer): Promise<MediaFile> {
  await writeFile(join(directory, name), content);
  return { directory, name, container };
}

describe.each(ffmpegBinaries)("the transcoder on %s", (path) => {
  let transcoder: Transcoder;
  beforeAll(async () => {
    transcoder = createTranscoder(await findFfmpeg(path));
  });

  describe("voice notes", () => {
    test.each([
      ["m4a", "mov", ["-ac", "2", "-c:a", "aac"]],
      ["mp3", "mp3", ["-c:a", "libmp3lame"]],
      ["wav", "wav", ["-ar", "44100"]],
      ["aac", "aac", ["-c:a", "aac"]],
      ["ogg", "ogg", ["-c:a", "libvorbis"]],
      ["webm", "matroska", ["-c:a", "libopus"]],
      ["amr", "amr", ["-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1"]],
    ] as const)("sound in .%s becomes mono Opus in Ogg at 48 kHz", async (extension, container, codec) => {
      const source = await made(container, ...tone(2), ...codec, `sound.${extension}`);
      const note = await transcoder.toVoiceNote(source);
      expect(note).toMatchObject({ mime: "audio/ogg", size: expect.any(Number) });
      const probe = await transcoder.probe({ directory, name: note.name, container: "ogg" });
      expect(probe).toMatchObject({
        audio: { codec: "opus", sampleRate: 48_000, layout: "mono" },
        video: null,
      });
      expect(probe.durationSeconds).toBeCloseTo(2, 0);
    });

    test("tags, the place and the cover picture stay behind", async () => {
      await ffmpeg(directory, ...picture(1, "64x64"), "-frames:v", "1", "cover.png");
      const source = await made(
        "mp3",
        ...tone(1),
        ...["-i", "cover.png", "-map", "0:a", "-map", "1:v", "-disposition:v", "attached_pic"],
        ...["-c:a", "libmp3lame", "-metadata", "title=Secret Place", "covered.mp3"],
      );
      const note = await transcoder.toVoiceNote(source);
      expect((await readFile(join(directory, note.name))).includes("Secret Place")).toBe(false);
      expect(await transcoder.probe({ directory, name: note.name, container: "ogg" })).toMatchObject({
        streams: 1,
      });
    });

    test("a video without sound is no voice note", async () => {
      const silent = await made("mov", ...picture(1), ...h264, "silent.mp4");
      await expect(transcoder.toVoiceNote(silent)).rejects.toMatchObject({
        ...unsupported,
        detail: expect.stringContaining("no sound"),
      });
    });
  });

  describe("video", () => {
    test("H.264 with AAC is copied, its index put first and its place removed", async () => {
      const source = await made(
        "mov",
        ...picture(2),
        ...tone(2),
        ...[...h264, "-c:a", "aac", "-metadata", "location=+48.8577+002.295/", "ready.mp4"],
      );
      const before = await readFile(join(directory, source.name));
      expect(await reportOf(path, source.name)).toContain("+48.8");
      expect(before.indexOf("moov")).toBeGreaterThan(before.indexOf("mdat"));

      const video = await transcoder.toMp4(source);
      expect(video).toMatchObject({ mime: "video/mp4", width: 320, height: 240 });
      expect(video.durationSeconds).toBeCloseTo(2, 0);
      const after = await readFile(join(directory, video.name));
      expect(await reportOf(path, video.name)).not.toContain("+48.8");
      expect(after.indexOf("moov")).toBeLessThan(after.indexOf("mdat"));
      expect(mediaDataOf(after)).toEqual(mediaDataOf(before));
    });

    test("a copied video keeps its note to be turned, an encoded one is turned", async () => {
      await ffmpeg(directory, ...picture(1), ...h264, "-metadata:s:v", "rotate=90", "lying.mp4");
      const lying = await made(
        "mov",
        "-i",
        "lying.mp4",
        "-c",
        "copy",
        "-metadata:s:v:0",
        "rotate=90",
        "turned.mp4",
      );
      const video = await transcoder.toMp4(lying);
      expect(await reportOf(path, video.name)).toMatch(/rotation of -?90/i);

      await ffmpeg(directory, ...picture(1), "-c:v", "mpeg4", "old.mp4");
      const old = await made(
        "mov",
        "-i",
        "old.mp4",
        "-c",
        "copy",
        "-metadata:s:v:0",
        "rotate=90",
        "oldturned.mp4",
      );
      expect(await transcoder.toMp4(old)).toMatchObject({ width: 240, height: 320 });
    });

    test.each([
      [
        "a phone's HEVC",
        "mov",
        ["-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "aac", "hevc.mov"],
      ],
      ["a browser's VP8", "matroska", ["-c:v", "libvpx", "-c:a", "libopus", "browser.webm"]],
      ["an old phone's MPEG-4", "mov", ["-c:v", "mpeg4", "-c:a", "aac", "old.3gp"]],
      ["H.264 in 4:4:4", "mov", ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "aac", "sharp.mp4"]],
      ["H.264 with MP3", "mov", [...h264, "-c:a", "libmp3lame", "mixed.mp4"]],
    ] as const)("%s is encoded as H.264 Main with AAC", async (_name, container, args) => {
      const source = await made(container, ...picture(1, "322x242", 60), ...tone(1), ...args);
      const video = await transcoder.toMp4(source);
      const probe = await transcoder.probe({ directory, name: video.name, container: "mov" });
      expect(probe).toMatchObject({
        video: { codec: "h264", pixelFormat: "yuv420p", width: 322, height: 242 },
        audio: { codec: "aac" },
      });
      expect(await reportOf(path, video.name)).toContain("h264 (Main)");
    });

    test("a large video is shrunk to 1280 px and 30 frames a second", async () => {
      const source = await made(
        "mov",
        ...picture(1, "1920x1080", 60),
        "-c:v",
        "mpeg4",
        "-q:v",
        "5",
        "large.mp4",
      );
      const video = await transcoder.toMp4(source);
      expect(video).toMatchObject({ width: 1280, height: 720 });
      const probe = await transcoder.probe({ directory, name: video.name, container: "mov" });
      expect(probe.video?.framesPerSecond).toBe(30);
    });

    test("the thumbnail is a JPEG of its first picture", async () => {
      const source = await made("mov", ...picture(1, "640x360"), ...h264, "thumb.mp4");
      const thumbnail = await transcoder.thumbnail(source);
      const { default: sharp } = await import("sharp");
      const bytes = await readFile(join(directory, thumbnail.name));
      expect(await sharp(bytes).metadata()).toMatchObject({ format: "jpeg", width: 320, height: 180 });
    });
  });

  describe("files that are refused", () => {
    test("an MP4 of ten hours is refused as sound and as video, by its header alone", async () => {
      const slow = ["-f", "lavfi", "-i", "color=size=16x16:rate=0.01:duration=36000"];
      const long = await made("mov", ...slow, ...tone(1), "-c:v", "mpeg4", "-c:a", "aac", "long.mp4");
      const refusal = { ...unsupported, detail: expect.stringContaining("longer than") };
      const started = performance.now();
      await expect(transcoder.toMp4(long)).rejects.toMatchObject(refusal);
      await expect(transcoder.toVoiceNote(long)).rejects.toMatchObject(refusal);
      expect(performance.now() - started).toBeLessThan(10_000);
    });

    test("a header without a single track is refused", async () => {
      const header = Buffer.from(
        "00000018667479706d70343200000000 6d70343269736f6d 0000000866726565".replaceAll(" ", ""),
        "hex",
      );
      await expect(transcoder.probe(await written("mov", "empty.mp4", header))).rejects.toMatchObject(
        unsupported,
      );
    });

    test("more than four tracks are refused", async () => {
      const many = await made(
        "mov",
        ...tone(1),
        ...Array.from({ length: 64 }, () => ["-map", "0:a"]).flat(),
        ...["-c:a", "aac", "many.mp4"],
      );
      await expect(transcoder.probe(many)).rejects.toMatchObject({
        ...unsupported,
        detail: expect.stringContaining("4 tracks"),
      });
    });

    test("more pixels than 4K and more than 120 frames a second are refused", async () => {
      const wide = await made("mov", ...picture(0.1, "4096x2200", 10), "-c:v", "mpeg4", "wide.mp4");
      await expect(transcoder.probe(wide)).rejects.toMatchObject({ detail: expect.stringContaining("4K") });
      const fast = await made("mov", ...picture(0.5, "64x64", 240), "-c:v", "mpeg4", "fast.mp4");
      await expect(transcoder.probe(fast)).rejects.toMatchObject({
        detail: expect.stringContaining("120 frames"),
      });
    });

    test("a decoder that is not on the list is never opened", async () => {
      const rare = await made("mov", ...picture(1, "64x64"), "-c:v", "qtrle", "rare.mov");
      await expect(transcoder.toMp4(rare)).rejects.toMatchObject(unsupported);
    });

    test("a file that was cut off or is noise is refused", async () => {
      const whole = await made("mov", ...tone(1), "-c:a", "aac", "whole.m4a");
      const bytes = await readFile(join(directory, whole.name));
      const cut = await written("mov", "cut.m4a", bytes.subarray(0, bytes.length / 2));
      await expect(transcoder.toVoiceNote(cut)).rejects.toMatchObject(unsupported);
      const noise = await written(
        "ogg",
        "noise.ogg",
        Buffer.concat([Buffer.from("OggS"), Buffer.alloc(5_000, 7)]),
      );
      await expect(transcoder.toVoiceNote(noise)).rejects.toMatchObject(unsupported);
    });
  });

  describe("playlists in disguise", () => {
    const containers: Container[] = ["mov", "ogg", "mp3", "aac", "amr", "wav", "matroska"];

    test("no list of other files is followed, whatever container it claims", async () => {
      await ffmpeg(directory, ...tone(1), "-c:a", "aac", "-f", "mpegts", "victim.ts");
      await ffmpeg(directory, ...tone(1), "-c:a", "aac", "victim.m4a");
      const lists = {
        "concat.mp4": "ffconcat version 1.0\nfile victim.m4a\n",
        "hls.mp4": `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${directory}/victim.ts\n#EXT-X-ENDLIST\n`,
      };
      for (const [name, text] of Object.entries(lists)) {
        await written("mov", name, text);
        for (const container of containers) {
          await expect(transcoder.toVoiceNote({ directory, name, container })).rejects.toMatchObject(
            unsupported,
          );
        }
      }
      // the trap works: without the sandbox the same list does read the other file
      await ffmpeg(directory, "-i", "concat.mp4", "leaked.wav");
      expect((await readFile(join(directory, "leaked.wav"))).length).toBeGreaterThan(10_000);
    });

    test("nothing is fetched over the network", async () => {
      let requests = 0;
      const server = createServer((_request, response) => {
        requests++;
        response.end();
      });
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      const list = `#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:${port}/a.ts\n#EXT-X-ENDLIST\n`;
      await written("mov", "remote.mp4", list);
      for (const container of containers) {
        await expect(
          transcoder.toVoiceNote({ directory, name: "remote.mp4", container }),
        ).rejects.toMatchObject(unsupported);
      }
      await new Promise((resolve) => {
        server.close(resolve);
      });
      expect(requests).toBe(0);
    });
  });

  test("a cancelled conversion ends at once, with the reason it was cancelled for", async () => {
    const source = await made("mov", ...picture(20, "1280x720"), "-c:v", "mpeg4", "-q:v", "3", "slow.mp4");
    const cancel = new AbortController();
    const reason = new Error("the job was cancelled");
    const started = performance.now();
    setTimeout(() => cancel.abort(reason), 300);
    await expect(transcoder.toMp4(source, { signal: cancel.signal })).rejects.toBe(reason);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

test("ffmpeg's environment holds none of our variables", async () => {
  const [real] = ffmpegBinaries;
  const spy = join(directory, "spy");
  await writeFile(spy, `#!/bin/sh\n/usr/bin/env >> ${directory}/environment\nexec ${real} "$@"\n`);
  await chmod(spy, 0o700);
  const source = await made("mov", ...tone(1), "-c:a", "aac", "spied.m4a");
  await createTranscoder(await findFfmpeg(spy)).toVoiceNote(source);
  // what a shell adds by itself
  const names = (await readFile(join(directory, "environment"), "utf8"))
    .split("\n")
    .map((line) => line.split("=")[0])
    .filter((name) => name && !["PWD", "OLDPWD", "SHLVL", "_"].includes(name));
  expect(names).toEqual([]);
});

describe("private directories", () => {
  test("are for us alone, and gone afterwards however the work ends", async () => {
    let seen = "";
    await expect(
      withPrivateDirectory(1, async (path) => {
        seen = path;
        await writeFile(join(path, "a"), "a");
        const { mode } = await (await import("node:fs/promises")).stat(path);
        expect(mode & 0o777).toBe(0o700);
        throw new Error("it failed");
      }),
    ).rejects.toThrow("it failed");
    expect(await readdir(tmpdir())).not.toContain(basename(seen));
  });

  test("are not opened when the disk has too little room", async () => {
    await expect(withPrivateDirectory(1e15, async () => undefined)).rejects.toThrow("Not enough room");
  });
});

/** The coded pictures and sounds of an MP4: the content of its `mdat` box. */
function mediaDataOf(mp4: Buffer): Buffer {
  const at = mp4.indexOf("mdat");
  return mp4.subarray(at + 4, at - 4 + mp4.readUInt32BE(at - 4));
}

/** What `ffmpeg -i` prints of a file. It ends with 1, since no output is named. */
async function reportOf(binary: string, name: string): Promise<string> {
  return promisify(execFile)(binary, ["-hide_banner", "-nostdin", "-i", name], { cwd: directory }).then(
    () => "",
    (error: Error & { stderr?: string }) => error.stderr ?? "",
  );
}
