/**
 * What we take and what WhatsApp takes, per kind. WhatsApp's side is Meta's "Supported media types" table of the Cloud
 * API; ours is wider where we convert (a browser records WebM, a phone MOV, a camera 12 MB JPEG).
 */
const mediaKinds = ["image", "audio", "video", "document", "sticker"] as const;
export type MediaKind = (typeof mediaKinds)[number];

const MB = 1024 * 1024;

export interface MediaRule {
  /** What a caller may upload: our processing turns it into one of `whatsappMimes`. */
  readonly uploadMimes: readonly string[];
  readonly uploadMaxBytes: number;
  readonly whatsappMimes: readonly string[];
  readonly whatsappMaxBytes: number;
}

const documentMimes = [
  "text/plain",
  "application/pdf",
  "application/msword",
  "application/vnd.ms-excel",
  "application/vnd.ms-powerpoint",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
] as const;

/** Files of leads for an import; WhatsApp does not take them. */
const dataMimes = ["text/csv", "application/json", "application/x-ndjson"] as const;

export const mediaRules: Readonly<Record<MediaKind, MediaRule>> = {
  image: {
    uploadMimes: ["image/jpeg", "image/png", "image/webp"],
    uploadMaxBytes: 25 * MB,
    whatsappMimes: ["image/jpeg", "image/png"],
    whatsappMaxBytes: 5 * MB,
  },
  audio: {
    uploadMimes: [
      "audio/aac",
      "audio/amr",
      "audio/mpeg",
      "audio/mp4",
      "audio/x-m4a",
      "audio/ogg",
      "audio/wav",
      "audio/webm",
    ],
    uploadMaxBytes: 32 * MB,
    whatsappMimes: ["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"],
    whatsappMaxBytes: 16 * MB,
  },
  video: {
    uploadMimes: ["video/mp4", "video/3gpp", "video/quicktime", "video/webm"],
    uploadMaxBytes: 64 * MB,
    whatsappMimes: ["video/mp4", "video/3gpp"],
    whatsappMaxBytes: 16 * MB,
  },
  document: {
    uploadMimes: [...documentMimes, ...dataMimes],
    uploadMaxBytes: 100 * MB,
    whatsappMimes: documentMimes,
    whatsappMaxBytes: 100 * MB,
  },
  sticker: {
    uploadMimes: ["image/webp", "image/png"],
    uploadMaxBytes: 5 * MB,
    whatsappMimes: ["image/webp"],
    whatsappMaxBytes: 100 * 1024,
  },
};

/** Limits on what is inside a file; beyond them converting would cost more than a message is worth. */
export const mediaLimits = {
  image: { maxPixels: 50e6, maxEdge: 1600, timeLimitSeconds: 10, stickerEdge: 512 },
  audio: { maxSeconds: 3600 },
  video: {
    /** Taken as it is when WhatsApp can play it. */
    maxSeconds: 900,
    /** Re-encoding takes about the time of playing on one core, so it is kept shorter. */
    maxReencodeSeconds: 180,
    /** 4K. */
    maxPixels: 8.3e6,
    maxFramesPerSecond: 120,
    maxEdge: 1280,
  },
  /** Audio, video and subtitle tracks. */
  maxStreams: 4,
  /** With the timed-metadata tracks that phones add. */
  maxStreamsWithData: 16,
} as const;

/** `audio/ogg; codecs=opus` -> `audio/ogg`. */
export function bareMime(mime: string): string {
  return (mime.split(";")[0] ?? "").trim().toLowerCase();
}

/** The kind that a declared mime stands for, or null when we take no such uploads. WebP is an image unless the caller says sticker. */
export function kindOfMime(mime: string): MediaKind | null {
  const bare = bareMime(mime);
  return mediaKinds.find((kind) => mediaRules[kind].uploadMimes.includes(bare)) ?? null;
}
