import { ChildProcess } from "node:child_process";
import { launcherFor } from "./ffmpeg.launcher";
import type { Container } from "./magic";
import { MediaToolError, mediaUnsupported } from "./media.errors";

/** One call of ffmpeg on one file of a private directory. No argument may ever come from a user. */
export interface FfmpegCall {
  /** Holds input and output and nothing else; the process runs in it. */
  readonly directory: string;
  readonly input: string;
  /** Forced: the file cannot choose another, so a playlist cannot pretend to be a video. */
  readonly container: Container;
  /** Names of the only decoders that may be opened. */
  readonly decoders: readonly string[];
  /** `-` for none. */
  readonly output: string;
  readonly outputOptions: readonly string[];
  readonly logLevel: "error" | "info";
  readonly timeLimitMs: number;
  readonly signal?: AbortSignal;
}

export interface FfmpegOutcome {
  /** 0, or what ffmpeg ended with. */
  readonly exitCode: number;
  /** The first 64 KB of what it wrote to stderr. */
  readonly stderr: string;
}

/** ffmpeg did not end within its time limit and was killed. */
export class FfmpegTimeoutError extends MediaToolError {}

const stderrKept = 64 * 1024;
/** A file that makes ffmpeg complain more than this is not worth listening to. */
const stderrLimit = 1024 * 1024;

/**
 * Runs ffmpeg in its sandbox: through the launcher (empty environment, own process group, ceilings), with whitelists
 * of protocols, formats and decoders, without stdin, in `directory`. This is the only place that knows fluent-ffmpeg.
 *
 * @returns also for a failed run: what a non-zero exit means depends on the call
 * @throws AppError `media-unsupported` when the file is nothing but errors, FfmpegTimeoutError, MediaToolError when ffmpeg could not run or was killed from outside, the signal's reason when aborted
 */
export async function runFfmpeg(binaryPath: string, call: FfmpegCall): Promise<FfmpegOutcome> {
  call.signal?.throwIfAborted();
  const launcher = await launcherFor(binaryPath);
  const { default: fluent } = await import("fluent-ffmpeg");
  const command = fluent({ cwd: call.directory, stdoutLines: 50 })
    .setFfmpegPath(launcher)
    .input(call.input)
    .inputOptions(
      // several arguments, never one string or list: those fluent-ffmpeg splits at blanks
      "-hide_banner",
      ...["-nostdin", "-v", call.logLevel],
      ...["-protocol_whitelist", "file", "-format_whitelist", call.container],
      ...["-codec_whitelist", call.decoders.join(","), "-f", call.container],
    )
    .output(call.output)
    .outputOptions("-sn", "-dn", ...call.outputOptions);

  return new Promise<FfmpegOutcome>((resolve, reject) => {
    let stderr = "";
    let stderrBytes = 0;
    let child: ChildProcess | undefined;
    let killedFor: Error | undefined;
    const kill = (reason: Error) => {
      killedFor ??= reason;
      if (child) killGroup(child);
    };
    const timer = setTimeout(
      () => kill(new FfmpegTimeoutError(`ffmpeg took longer than its limit of ${call.timeLimitMs} ms`)),
      call.timeLimitMs,
    );
    const onAbort = () => kill(reasonOf(call.signal));
    call.signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", onAbort);
      if (killedFor === undefined) finish();
      else reject(killedFor);
    };

    command
      .on("start", () => {
        const started: unknown = Reflect.get(command, "ffmpegProc");
        if (started instanceof ChildProcess) child = started;
        child?.stderr?.on("data", (chunk: string) => {
          stderrBytes += chunk.length;
          if (stderr.length < stderrKept) stderr += chunk.slice(0, stderrKept - stderr.length);
          if (stderrBytes > stderrLimit)
            kill(mediaUnsupported("The file is damaged throughout. Record or export it again."));
        });
        if (killedFor !== undefined) kill(killedFor);
      })
      .on("end", () => settle(() => resolve({ exitCode: 0, stderr })))
      .on("error", (error: Error) =>
        settle(() => {
          const exitCode = Number(/exited with code (\d+)/.exec(error.message)?.[1]);
          // 126 and 127 are the launcher's: ffmpeg itself was never reached
          if (Number.isNaN(exitCode) || exitCode === 126 || exitCode === 127 || isFullDisk(stderr)) {
            reject(new MediaToolError("ffmpeg could not do its work on this machine", { cause: error }));
          } else resolve({ exitCode, stderr });
        }),
      )
      .run();
  });
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new MediaToolError("The conversion was cancelled");
}

function isFullDisk(stderr: string): boolean {
  return stderr.includes("No space left on device");
}

/** Kills ffmpeg and whatever it may have started. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // no group of its own: this system has no setsid, or it was not reached yet
    child.kill("SIGKILL");
  }
}
