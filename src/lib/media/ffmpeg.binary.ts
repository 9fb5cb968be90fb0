import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { promisify } from "node:util";
import { env, isLocalStage } from "../env/env";
import { rootLogger } from "../log/logger";
import { MediaToolError } from "./media.errors";

/**
 * The oldest release we trust with strangers' files: 8.1.2 fixed CVE-2026-8461, with which a prepared video could
 * write to memory while a thumbnail was made. The npm package's binary is a development build of 2018.
 */
export const ffmpegFloor = "8.1.2";

/** Where the layer of `layers/ffmpeg` puts it. */
const layerPath = "/opt/bin/ffmpeg";

export interface FfmpegBinary {
  readonly path: string;
  readonly source: "FFMPEG_PATH" | "layer" | "package";
  /** Release number, or the build's own name when it has none, e.g. a development build. */
  readonly version: string;
  readonly meetsFloor: boolean;
}

/** What the health report says of it. `problem` is null when all is well. */
export interface FfmpegDescription {
  readonly binary: FfmpegBinary | null;
  readonly floor: string;
  readonly problem: string | null;
}

/**
 * Finds the binary: FFMPEG_PATH, else the layer's, else the npm package's; and asks it for its version.
 * @param configuredPath FFMPEG_PATH or ""; when set, nothing else is tried
 * @throws MediaToolError when there is none, or it does not run
 */
export async function findFfmpeg(configuredPath: string, layer: string = layerPath): Promise<FfmpegBinary> {
  const { path, source } = await choosePath(configuredPath, layer);
  const { stdout } = await promisify(execFile)(path, ["-version"], { env: {}, timeout: 10_000 }).catch(
    (cause: unknown) => {
      throw new MediaToolError(`The ffmpeg at ${path} does not run. Set FFMPEG_PATH to one that does.`, {
        cause,
      });
    },
  );
  const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? "unknown";
  return { path, source, version, meetsFloor: isAtLeast(version, ffmpegFloor) };
}

let foundOnce: Promise<FfmpegBinary> | undefined;

/**
 * The binary to use in this process; found once. Below the floor it is warned about loudly in stage local and refused
 * in every other stage.
 * @throws MediaToolError saying what to install
 */
export async function requireFfmpeg(): Promise<FfmpegBinary> {
  foundOnce ??= findFfmpeg(env().FFMPEG_PATH).then((binary) => {
    admit(binary, isLocalStage(), (sentence) => rootLogger().warn(sentence));
    return binary;
  });
  try {
    return await foundOnce;
  } catch (error) {
    foundOnce = undefined; // a layer or path may be put right without a restart
    throw error;
  }
}

/** For the health report; never throws. */
export async function describeFfmpeg(): Promise<FfmpegDescription> {
  try {
    const binary = await findFfmpeg(env().FFMPEG_PATH);
    return { binary, floor: ffmpegFloor, problem: binary.meetsFloor ? null : belowFloor(binary) };
  } catch (error) {
    if (!(error instanceof MediaToolError)) throw error;
    return { binary: null, floor: ffmpegFloor, problem: error.message };
  }
}

/**
 * The rule about old binaries: warn where a developer works, refuse elsewhere.
 * @throws MediaToolError outside stage local when the binary is below the floor
 */
export function admit(binary: FfmpegBinary, local: boolean, warn: (sentence: string) => void): void {
  if (binary.meetsFloor) return;
  if (!local) throw new MediaToolError(belowFloor(binary));
  warn(`${belowFloor(binary)} It is used all the same, because this is stage local.`);
}

function belowFloor({ path, version }: FfmpegBinary): string {
  return `The ffmpeg at ${path} is version ${version}, which is older than ${ffmpegFloor} or not a release, so it has known holes that prepared files can use. Attach the ffmpeg layer or set FFMPEG_PATH to release ${ffmpegFloor} or newer.`;
}

async function choosePath(
  configuredPath: string,
  layer: string,
): Promise<{ path: string; source: FfmpegBinary["source"] }> {
  if (configuredPath) {
    if (await isExecutable(configuredPath)) return { path: configuredPath, source: "FFMPEG_PATH" };
    throw new MediaToolError(
      `FFMPEG_PATH is ${configuredPath}, but there is no program there that may be run.`,
    );
  }
  if (await isExecutable(layer)) return { path: layer, source: "layer" };
  try {
    const { default: installer } = await import("@ffmpeg-installer/ffmpeg");
    return { path: installer.path, source: "package" };
  } catch (cause) {
    throw new MediaToolError(
      `There is no ffmpeg: FFMPEG_PATH is not set, ${layer} does not exist, and @ffmpeg-installer/ffmpeg has none for this platform. Attach the ffmpeg layer or set FFMPEG_PATH.`,
      { cause },
    );
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Compares release numbers such as `9.0.2`, `n8.1` or `5.1.9-0+deb12u1`; anything without one is older than everything. */
function isAtLeast(version: string, floor: string): boolean {
  const release = /^n?(\d+(?:\.\d+)+)(?!\w)/.exec(version)?.[1];
  if (!release) return false;
  const [have, need] = [release, floor].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(have?.length ?? 0, need?.length ?? 0); i++) {
    const difference = (have?.[i] ?? 0) - (need?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
