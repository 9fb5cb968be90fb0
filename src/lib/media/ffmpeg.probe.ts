/** What ffmpeg says of a file, read from what `ffmpeg -i` prints: none of the binaries we use comes with ffprobe. */
export interface MediaProbe {
  /** null when the file does not say, as live recordings of browsers do. */
  readonly durationSeconds: number | null;
  readonly audio: AudioTrack | null;
  readonly video: VideoTrack | null;
  /** Audio, video and subtitle tracks; cover pictures count as video. */
  readonly streams: number;
  /** With data tracks and attachments. */
  readonly streamsWithData: number;
}

export interface AudioTrack {
  readonly codec: string;
  readonly sampleRate: number;
  /** `mono`, `stereo`, `5.1`, ... */
  readonly layout: string;
}

export interface VideoTrack {
  readonly codec: string;
  readonly pixelFormat: string;
  /** As stored: a phone's upright video is often a lying one with a note to turn it. */
  readonly width: number;
  readonly height: number;
  /** The average; null where the times of the pictures do not tell, as in browsers' recordings. */
  readonly framesPerSecond: number | null;
}

/** Codecs of pictures that music files carry as a video track. */
const pictureCodecs = ["png", "mjpeg", "bmp", "gif"];

/**
 * Reads ffmpeg's report. Tags are quoted in it, but always indented behind a key and a colon, so a tag cannot pass
 * for a stream line.
 * @returns null when ffmpeg did not open the file
 */
export function parseProbe(stderr: string): MediaProbe | null {
  const lines = stderr.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith("Input #0, "));
  if (start < 0) return null;
  const end = lines.findIndex((line, i) => i > start && /^(Output #|Stream mapping:)/.test(line));
  const report = lines.slice(start + 1, end < 0 ? undefined : end);

  const streams = report.flatMap((line) => {
    const match = /^ {2,4}Stream #0:\d+[^:]*: (Audio|Video|Subtitle|Data|Attachment)(?:: (.*))?$/.exec(line);
    return match ? [{ type: match[1] ?? "", description: match[2] ?? "" }] : [];
  });
  const described = (type: string) => streams.filter((stream) => stream.type === type);
  const firstAudio = described("Audio")[0];
  const firstVideo = described("Video").find(
    ({ description }) => !pictureCodecs.includes(firstWord(description)),
  );

  return {
    durationSeconds: parseDuration(report),
    audio: firstAudio ? parseAudio(firstAudio.description) : null,
    video: firstVideo ? parseVideo(firstVideo.description) : null,
    streams: described("Audio").length + described("Video").length + described("Subtitle").length,
    streamsWithData: streams.length,
  };
}

function parseDuration(report: readonly string[]): number | null {
  for (const line of report) {
    const match = /^ {2}Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(line);
    if (match) return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  }
  return null;
}

function parseAudio(description: string): AudioTrack | null {
  const match = /, (\d+) Hz, ([^,]+)/.exec(description);
  return match
    ? { codec: firstWord(description), sampleRate: Number(match[1]), layout: (match[2] ?? "").trim() }
    : null;
}

function parseVideo(description: string): VideoTrack | null {
  const match = /, (\w+)(?:\([^)]*\))?, (\d+)x(\d+)/.exec(description);
  if (!match) return null;
  const rate = /, ([\d.]+)(k?) fps/.exec(description);
  return {
    codec: firstWord(description),
    pixelFormat: match[1] ?? "",
    width: Number(match[2]),
    height: Number(match[3]),
    framesPerSecond: rate ? Number(rate[1]) * (rate[2] === "k" ? 1000 : 1) : null,
  };
}

function firstWord(description: string): string {
  return /^\w+/.exec(description)?.[0] ?? "";
}
