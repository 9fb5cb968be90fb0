/** A voice note's way through the sandbox, beside the same binary with the same arguments and nothing around it. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type FfmpegBinary, requireFfmpeg } from "../src/lib/media/ffmpeg.binary";
import { withPrivateDirectory } from "../src/lib/media/private.directory";
import { createTranscoder } from "../src/lib/media/transcoder";
import { atLeast, type Report } from "./figure";
import { inRounds, timed } from "./measure";

const execute = promisify(execFile);
const seconds = 60;
const rounds = 5;
const input = "input";

export async function run(): Promise<Report> {
  const binary = await requireFfmpeg();
  const folder = await mkdtemp(join(tmpdir(), "ecod-bench-"));
  try {
    const recording = await makeRecording(binary, folder);
    const args = await recordedArguments(binary, folder, recording);
    const bare = () => timed(() => execute(binary.path, args, { cwd: folder }));
    await bare();
    const { ours, theirs } = await inRounds(rounds, () => timed(() => convert(binary, recording)), bare);
    const figure = mean(ours);
    const limit = mean(theirs);
    return {
      figures: [
        {
          what: `voice note of ${seconds} s, beside bare ffmpeg with the same binary and arguments`,
          figure: { value: figure, unit: "ms" },
          limit: { value: limit, unit: "ms" },
          ratio: limit / figure,
          target: atLeast(0.6, 0.9),
        },
      ],
      notes: [`ffmpeg ${binary.version} (${binary.source}). Ours looks into the file before and after, too.`],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Somebody's phone: stereo AAC in an M4A. */
async function makeRecording(binary: FfmpegBinary, folder: string): Promise<Buffer> {
  const voice = `aevalsrc='0.4*sin(2*PI*(220+120*sin(2*PI*0.7*t))*t)|0.4*sin(2*PI*(225+90*sin(2*PI*0.9*t))*t)':s=44100:d=${seconds}`;
  const args = ["-v", "error", "-f", "lavfi", "-i", voice, "-c:a", "aac", "-b:a", "96k", "voice.m4a"];
  await execute(binary.path, args, { cwd: folder });
  return readFile(join(folder, "voice.m4a"));
}

/** What a job does with the bytes it was given. */
function convert(binary: Pick<FfmpegBinary, "path">, recording: Buffer): Promise<Buffer> {
  return withPrivateDirectory(recording.length, async (directory) => {
    await writeFile(join(directory, input), recording);
    const transcoder = createTranscoder({ ...binary, source: "FFMPEG_PATH", version: "", meetsFloor: true });
    const { name } = await transcoder.toVoiceNote({ directory, name: input, container: "mov" });
    return readFile(join(directory, name));
  });
}

/** The arguments of the conversion itself, as a program in the binary's place was given them. */
async function recordedArguments(binary: FfmpegBinary, folder: string, recording: Buffer): Promise<string[]> {
  const recorder = join(folder, "recorder");
  const calls = `${recorder}.calls`;
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" END >> '${calls}'\nexec '${binary.path}' "$@"\n`;
  await writeFile(recorder, script);
  await chmod(recorder, 0o700);
  await convert({ path: recorder }, recording);
  await writeFile(join(folder, input), recording);
  const recorded = (await readFile(calls, "utf8")).split("\nEND\n").map((call) => call.split("\n"));
  const conversion = recorded.find((call) => call.includes("libopus") && call.at(-1) !== "-");
  if (!conversion) throw new Error("The conversion's arguments were not recorded.");
  return conversion;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
