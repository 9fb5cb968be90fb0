/** Real media for the demo, made on the spot: a voice note as phones record it, and a photo that lies on its side. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { path as ffmpegPath } from "@ffmpeg-installer/ffmpeg";

const run = promisify(execFile);

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "ecod-demo-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Four seconds of a rising and falling tone, stereo AAC in an M4A, as a phone's recorder writes it. */
export async function makeVoiceNote(): Promise<Buffer> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, "voice.m4a");
    const tone =
      "aevalsrc='0.4*sin(2*PI*(220+120*sin(2*PI*0.7*t))*t)|0.4*sin(2*PI*(225+120*sin(2*PI*0.7*t))*t):s=44100:d=4'";
    await run(ffmpegPath, [
      "-v",
      "error",
      "-nostdin",
      "-y",
      "-f",
      "lavfi",
      "-i",
      tone,
      "-c:a",
      "aac",
      "-b:a",
      "128k",
      file,
    ]);
    return readFile(file);
  });
}

/** A detailed 3000 x 2000 photo, stored on its side with an orientation note and the place where it was taken. */
export async function makePhoto(): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const width = 3000;
  const height = 2000;
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      pixels[at] = (x * 255) / width;
      pixels[at + 1] = (y * 255) / height;
      // Grain, as a sensor leaves it: without it the photo would compress to nothing.
      pixels[at + 2] = ((x * 73_856_093) ^ (y * 19_349_663)) & 255;
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 92 })
    .withExif({
      IFD0: { Make: "ECOD" },
      IFD3: {
        GPSLatitudeRef: "N",
        GPSLatitude: "38/1 43/1 20/1",
        GPSLongitudeRef: "W",
        GPSLongitude: "9/1 8/1 21/1",
      },
    })
    .withMetadata({ orientation: 6 })
    .toBuffer();
}

/** What ffmpeg says of a file's first audio stream, e.g. `opus, 48000 Hz, mono`. */
export async function describeAudio(bytes: Buffer): Promise<string> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, "sound");
    await writeFile(file, bytes);
    // `ffmpeg -i` without an output ends with code 1 after it has said what the input is.
    const said = await run(ffmpegPath, ["-hide_banner", "-i", file]).then(
      ({ stderr }) => stderr,
      (error: { stderr?: string }) => error.stderr ?? "",
    );
    return /Audio: (.*)/.exec(said)?.[1] ?? "no audio stream";
  });
}

/** Length in seconds of what comes out when a file is decoded from end to end: the proof that it plays. */
export async function playThrough(bytes: Buffer): Promise<number> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, "sound");
    await writeFile(file, bytes);
    const decoded = join(folder, "decoded.raw");
    await run(ffmpegPath, [
      "-v",
      "error",
      "-nostdin",
      "-y",
      "-i",
      file,
      "-f",
      "s16le",
      "-ac",
      "1",
      "-ar",
      "48000",
      decoded,
    ]);
    return (await readFile(decoded)).length / (48_000 * 2);
  });
}
