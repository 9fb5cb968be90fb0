/** Media for tests, made on the spot by ffmpeg and sharp called directly: no file of unknown origin is kept here. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { path as packagedFfmpeg } from "@ffmpeg-installer/ffmpeg";

/** The binaries that tests run against: the npm package's, and the layer's where it has been built. */
export const ffmpegBinaries: readonly string[] = [packagedFfmpeg, resolve("layers/ffmpeg/bin/ffmpeg")].filter(
  (path) => existsSync(path),
);

/** Runs ffmpeg in `directory` with nothing of our sandbox around it. */
export async function ffmpeg(directory: string, ...args: string[]): Promise<void> {
  await promisify(execFile)(packagedFfmpeg, ["-v", "error", "-nostdin", "-y", ...args], { cwd: directory });
}

/** A directory for one test's files, removed by the returned function. */
export async function mediaDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "ecod-test-media-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Makes one file with ffmpeg and returns its bytes. The last argument is the file's name. */
export async function madeByFfmpeg(...args: string[]): Promise<Buffer> {
  const directory = await mediaDirectory();
  try {
    await ffmpeg(directory.path, ...args);
    return await readFile(join(directory.path, args.at(-1) ?? ""));
  } finally {
    await directory.remove();
  }
}

/** Arguments for a tone and for a moving picture of `seconds`. */
export const tone = (seconds: number) => ["-f", "lavfi", "-i", `sine=frequency=440:duration=${seconds}`];
export const picture = (seconds: number, size = "320x240", rate = 25) => [
  ...["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`],
];

/** A voice recording as a phone's own format has it: stereo AAC in an M4A. */
export function voiceRecording(seconds = 2): Promise<Buffer> {
  return madeByFfmpeg(...tone(seconds), "-ac", "2", "-c:a", "aac", "voice.m4a");
}

/** A photo as a phone takes it: lying, with the note to turn it, and with the place where it was taken. */
export async function phonePhoto(width = 400, height = 300): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  return sharp({ create: { width, height, channels: 3, background: { r: 200, g: 30, b: 30 } } })
    .jpeg()
    .withExif({
      IFD0: { Make: "ECOD Test Camera", Orientation: "6" },
      IFD3: {
        GPSLatitudeRef: "N",
        GPSLatitude: "48/1 51/1 0/1",
        GPSLongitudeRef: "E",
        GPSLongitude: "2/1 21/1 0/1",
      },
    })
    .withMetadata({ orientation: 6 })
    .toBuffer();
}
