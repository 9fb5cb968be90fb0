import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { FfmpegBinary } from "./ffmpeg.binary";
import { type MediaProbe, parseProbe, type VideoTrack } from "./ffmpeg.probe";
import { type FfmpegCall, FfmpegTimeoutError, runFfmpeg } from "./ffmpeg.run";
import type { Container } from "./magic";
import { mediaUnsupported } from "./media.errors";
import { mediaLimits, mediaRules } from "./media.rules";

/** A file in a private directory (`withPrivateDirectory`), with the container that its magic bytes show. */
export interface MediaFile {
  readonly directory: string;
  readonly name: string;
  readonly container: Container;
}

export interface TranscodedFile {
  /** In the directory of its source. */
  readonly name: string;
  readonly mime: "audio/ogg" | "video/mp4" | "image/jpeg";
  readonly size: number;
  readonly durationSeconds: number | null;
  readonly width: number | null;
  readonly height: number | null;
}

export interface TranscoderOptions {
  /** Cancels the work: ffmpeg is killed and the signal's reason thrown. */
  readonly signal?: AbortSignal;
}

/**
 * Makes sound and video what WhatsApp takes. Every method throws AppError `media-unsupported` when the file is the
 * reason, and MediaToolError when our side is.
 */
export interface Transcoder {
  /** What is in the file, without decoding it; refuses more tracks, pixels or frames than we take. 5 s at most. */
  probe(file: MediaFile, options?: TranscoderOptions): Promise<MediaProbe>;
  /** The first audio track as mono Opus in Ogg, 48 kHz, 32 kbit/s: what WhatsApp shows as a voice note. At most 1 h. */
  toVoiceNote(file: MediaFile, options?: TranscoderOptions): Promise<TranscodedFile>;
  /**
   * H.264 and AAC in MP4, index first, at most 16 MB. Copied when it is that already (up to 15 min), else encoded at
   * no more than 1280 px and 30 frames a second (up to 3 min).
   */
  toMp4(file: MediaFile, options?: TranscoderOptions): Promise<TranscodedFile>;
  /** The first picture of a video as JPEG, 320 px at most. */
  thumbnail(file: MediaFile, options?: TranscoderOptions): Promise<TranscodedFile>;
}

const audioDecoders = [
  "aac",
  "mp3",
  "mp3float",
  "opus",
  "vorbis",
  "amrnb",
  "amrwb",
  "pcm_s16le",
  "pcm_s24le",
  "pcm_s32le",
  "pcm_f32le",
  "pcm_u8",
];
const videoDecoders = ["h264", "hevc", "mpeg4", "h263", "vp8", "vp9"];
const decoders = [...audioDecoders, ...videoDecoders];

const probeTimeLimitMs = 5_000;
const leastTimeLimitMs = 30_000;
const longestTimeLimitMs = 600_000;

/** No tags, places, chapters or cover; the encoder's own name is left out as well. */
const anonymous = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"];

/** Writing is cut off this far above WhatsApp's limit, so that what was cut off is told from what just fits. */
const cutOffMargin = 1024 * 1024;

const damaged =
  "The file cannot be read: it is damaged, or not of the type it claims. Record or export it again.";

/** The one adapter over ffmpeg. @param binary of `requireFfmpeg()` */
export function createTranscoder(binary: FfmpegBinary): Transcoder {
  async function run(
    file: MediaFile,
    call: Pick<FfmpegCall, "output" | "outputOptions" | "timeLimitMs">,
    options: TranscoderOptions,
  ): Promise<number> {
    const { exitCode } = await runFfmpeg(binary.path, {
      ...call,
      directory: file.directory,
      input: file.name,
      container: file.container,
      decoders,
      logLevel: "error",
      signal: options.signal,
    });
    const size = exitCode === 0 ? await sizeOf(file.directory, call.output) : 0;
    if (size === 0) throw mediaUnsupported(damaged);
    return size;
  }

  async function probe(file: MediaFile, options: TranscoderOptions = {}): Promise<MediaProbe> {
    const { stderr } = await runFfmpeg(binary.path, {
      directory: file.directory,
      input: file.name,
      container: file.container,
      decoders,
      output: "-",
      // nothing is decoded or written; a file without tracks ends in an error after the report we want
      outputOptions: ["-map", "0:a:0?", "-map", "0:v:0?", "-c", "copy", "-t", "0", "-f", "null"],
      logLevel: "info",
      timeLimitMs: probeTimeLimitMs,
      signal: options.signal,
    }).catch((error: unknown) => {
      throw error instanceof FfmpegTimeoutError
        ? mediaUnsupported("The file takes too long to open. Record or export it again.", error)
        : error;
    });
    const probed = parseProbe(stderr);
    if (!probed) throw mediaUnsupported(damaged);
    refuseExcess(probed);
    return probed;
  }

  return {
    probe,

    async toVoiceNote(file, options = {}) {
      const source = await probe(file, options);
      if (!source.audio) throw mediaUnsupported("The file has no sound that we can read.");
      const { maxSeconds } = mediaLimits.audio;
      refuseLonger(source.durationSeconds, maxSeconds);
      const name = "voice.ogg";
      const { whatsappMaxBytes } = mediaRules.audio;
      const size = await run(
        file,
        {
          output: name,
          outputOptions: [
            ...[
              "-map",
              "0:a:0",
              "-vn",
              "-t",
              String(maxSeconds + 1),
              "-fs",
              String(whatsappMaxBytes + cutOffMargin),
            ],
            ...["-c:a", "libopus", "-application", "voip", "-b:a", "32k", "-ac", "1", "-ar", "48000"],
            ...["-threads", "1", ...anonymous, "-f", "ogg"],
          ],
          // the slowest binary we know does 70 times real time; five times leaves room for a busy machine
          timeLimitMs: timeLimit((source.durationSeconds ?? maxSeconds) * 0.2),
        },
        options,
      );
      // what it says of its length may be missing or untrue: the result has the real one
      const { durationSeconds } = await probe({ ...file, name, container: "ogg" }, options);
      refuseLonger(durationSeconds, maxSeconds);
      refuseCutOff(size, whatsappMaxBytes);
      return { name, mime: "audio/ogg", size, durationSeconds, width: null, height: null };
    },

    async toMp4(file, options = {}) {
      const source = await probe(file, options);
      if (!source.video) throw mediaUnsupported("The file has no picture that we can read.");
      const { maxSeconds, maxReencodeSeconds } = mediaLimits.video;
      const { whatsappMaxBytes } = mediaRules.video;
      refuseLonger(source.durationSeconds, maxSeconds);
      const copy = isPlayable(source, file) && (await sizeOf(file.directory, file.name)) <= whatsappMaxBytes;
      if (!copy) refuseLonger(source.durationSeconds, maxReencodeSeconds);
      const longest = copy ? maxSeconds : maxReencodeSeconds;
      const name = "video.mp4";
      const size = await run(
        file,
        {
          output: name,
          outputOptions: [
            ...[
              "-map",
              "0:v:0",
              "-map",
              "0:a:0?",
              "-t",
              String(longest + 1),
              "-fs",
              String(whatsappMaxBytes),
            ],
            ...(copy ? ["-c", "copy"] : encodeOptions(source.video, source.durationSeconds ?? longest)),
            ...[...anonymous, "-movflags", "+faststart", "-f", "mp4"],
          ],
          timeLimitMs: timeLimit(copy ? 0 : (source.durationSeconds ?? longest) * 4),
        },
        options,
      );
      const result = await probe({ ...file, name, container: "mov" }, options);
      if (!result.video) throw mediaUnsupported(damaged);
      refuseLonger(result.durationSeconds, longest);
      refuseCutOff(size, whatsappMaxBytes);
      const { width, height } = result.video;
      return { name, mime: "video/mp4", size, durationSeconds: result.durationSeconds, width, height };
    },

    async thumbnail(file, options = {}) {
      const name = "thumbnail.jpg";
      const size = await run(
        file,
        {
          output: name,
          outputOptions: [
            ...["-map", "0:v:0", "-an", "-frames:v", "1", "-vf", fitInto(320)],
            ...[
              "-pix_fmt",
              "yuvj420p",
              "-c:v",
              "mjpeg",
              "-q:v",
              "4",
              "-threads",
              "1",
              ...anonymous,
              "-f",
              "mjpeg",
            ],
          ],
          timeLimitMs: leastTimeLimitMs,
        },
        options,
      );
      return { name, mime: "image/jpeg", size, durationSeconds: null, width: null, height: null };
    },
  };
}

/** H.264 4:2:0 with AAC or no sound, in MP4's own family: WhatsApp plays it, so copying the tracks is enough. */
function isPlayable({ video, audio, streams }: MediaProbe, file: MediaFile): boolean {
  return (
    file.container === "mov" &&
    video?.codec === "h264" &&
    video.pixelFormat === "yuv420p" &&
    (audio === null ? streams === 1 : audio.codec === "aac")
  );
}

/** Main profile without B-frames, as Android's WhatsApp wants, with a bit rate that stays below 16 MB. */
function encodeOptions(video: VideoTrack, seconds: number): readonly string[] {
  const bitsPerSecond = (mediaRules.video.whatsappMaxBytes * 8 * 0.9) / Math.max(seconds, 1) - 96_000;
  const rate = Math.floor(Math.min(2_500_000, bitsPerSecond));
  const slower = (video.framesPerSecond ?? 60) > 30 ? ",fps=30" : "";
  return [
    ...["-vf", `${fitInto(mediaLimits.video.maxEdge)}${slower}`, "-pix_fmt", "yuv420p"],
    ...["-c:v", "libx264", "-profile:v", "main", "-bf", "0", "-preset", "veryfast", "-crf", "28"],
    ...["-maxrate", String(rate), "-bufsize", String(rate * 2), "-threads", "2"],
    ...["-c:a", "aac", "-b:a", "96k", "-ac", "2", "-ar", "44100"],
  ];
}

/** A filter that shrinks to fit a square and makes both edges even, as 4:2:0 needs. */
function fitInto(edge: number): string {
  return `scale=w='min(${edge},iw)':h='min(${edge},ih)':force_original_aspect_ratio=decrease,scale=w='max(2,trunc(iw/2)*2)':h='max(2,trunc(ih/2)*2)'`;
}

function refuseExcess({ streams, streamsWithData, video }: MediaProbe): void {
  const { maxStreams, maxStreamsWithData } = mediaLimits;
  if (streams === 0) throw mediaUnsupported("The file has neither sound nor picture.");
  if (streams > maxStreams || streamsWithData > maxStreamsWithData) {
    throw mediaUnsupported(
      `The file has more than ${maxStreams} tracks. Export it with one picture and one sound.`,
    );
  }
  if (!video) return;
  if (video.width * video.height > mediaLimits.video.maxPixels) {
    throw mediaUnsupported("The video is larger than 4K. Export it smaller.");
  }
  if ((video.framesPerSecond ?? 0) > mediaLimits.video.maxFramesPerSecond) {
    throw mediaUnsupported(
      `The video has more than ${mediaLimits.video.maxFramesPerSecond} frames a second. Export it with fewer.`,
    );
  }
}

function refuseLonger(seconds: number | null, most: number): void {
  // the last packet may reach a little beyond
  if (seconds !== null && seconds > most + 0.5) {
    throw mediaUnsupported(`It is longer than ${most / 60} minutes. Send a shorter one.`);
  }
}

/** ffmpeg stops writing a little above the limit without calling that an error. */
function refuseCutOff(size: number, most: number): void {
  if (size > most) {
    throw mediaUnsupported("It stays above WhatsApp's 16 MB even when compressed. Send a shorter one.");
  }
}

function timeLimit(expectedSeconds: number): number {
  return Math.min(longestTimeLimitMs, Math.max(leastTimeLimitMs, expectedSeconds * 1000));
}

async function sizeOf(directory: string, name: string): Promise<number> {
  return stat(join(directory, name)).then(
    ({ size }) => size,
    () => 0,
  );
}
