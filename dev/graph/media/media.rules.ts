/** What WhatsApp takes. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media */
import type { Media } from "../state/world";

const megabyte = 1024 * 1024;
const office = "application/vnd.openxmlformats-officedocument";

export type MediaKind = "audio" | "document" | "image" | "sticker" | "video";

export const kindLimits: Readonly<Record<MediaKind, { types: readonly string[]; bytes: number }>> = {
  audio: { types: ["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"], bytes: 16 * megabyte },
  document: {
    types: [
      "text/plain",
      "application/pdf",
      "application/msword",
      "application/vnd.ms-excel",
      "application/vnd.ms-powerpoint",
      `${office}.wordprocessingml.document`,
      `${office}.spreadsheetml.sheet`,
      `${office}.presentationml.presentation`,
    ],
    bytes: 100 * megabyte,
  },
  image: { types: ["image/jpeg", "image/png"], bytes: 5 * megabyte },
  sticker: { types: ["image/webp"], bytes: 500 * 1024 },
  video: { types: ["video/mp4", "video/3gpp"], bytes: 16 * megabyte },
};

export const uploadTypes: readonly string[] = Object.values(kindLimits).flatMap(({ types }) => types);

/** `audio/ogg` of `audio/ogg; codecs=opus`. */
export function baseType(mimeType: string): string {
  return (mimeType.split(";")[0] ?? "").trim().toLowerCase();
}

/** The most bytes an upload of this type may have. */
export function uploadLimit(type: string): number {
  const kinds = Object.values(kindLimits).filter(({ types }) => types.includes(type));
  return Math.max(0, ...kinds.map(({ bytes }) => bytes));
}

/** Types that file signatures cannot tell apart, or call by another name. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  "audio/ogg": ["audio/ogg; codecs=opus"],
  "audio/mp4": ["audio/mp4", "audio/x-m4a", "video/mp4"],
  "video/mp4": ["video/mp4", "video/x-m4v", "video/quicktime"],
  "video/3gpp": ["video/3gpp", "video/mp4"],
  "audio/mpeg": ["audio/mpeg"],
  "application/msword": ["application/x-cfb"],
  "application/vnd.ms-excel": ["application/x-cfb"],
  "application/vnd.ms-powerpoint": ["application/x-cfb"],
};

/** Whether the bytes are what the declared type says. Plain text has no signature and always passes. */
export function bytesMatch(media: Media): boolean {
  const type = baseType(media.mimeType);
  if (type === "text/plain") return true;
  return (aliases[type] ?? [type]).includes(media.sniffedType ?? "");
}
