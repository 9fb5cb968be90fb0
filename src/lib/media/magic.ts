import { mediaTypeMismatch, mediaUnsupported } from "./media.errors";
import { bareMime, type MediaKind, mediaRules } from "./media.rules";

/** How many bytes from the start of a file are enough to tell its type. */
export const magicBytes = 64 * 1024;

/** ffmpeg's demuxers that we ever use; each is forced by name, so that no file can choose another. */
export type Container = "mov" | "ogg" | "mp3" | "aac" | "amr" | "wav" | "matroska";

export interface MediaIdentity {
  readonly kind: MediaKind;
  /** What the bytes are, in the spelling of `mediaRules`. */
  readonly mime: string;
  /** Set for audio and video: the demuxer to force. */
  readonly container: Container | null;
}

interface Magic {
  readonly kinds: readonly MediaKind[];
  readonly container?: Container;
  /** Our spelling of the mime per kind, where it is not the sniffed one. */
  readonly mimes?: Partial<Record<MediaKind, string>>;
}

const mov: Magic = { kinds: ["audio", "video"], container: "mov", mimes: { audio: "audio/mp4" } };
const matroska: Magic = {
  kinds: ["audio", "video"],
  container: "matroska",
  mimes: { audio: "audio/webm", video: "video/webm" },
};
const document: Magic = { kinds: ["document"] };

/** Sniffed mime -> what it may be used as. A container that holds sound or pictures is what it was declared as; the probe checks that. */
const magicByMime: Readonly<Record<string, Magic>> = {
  "image/jpeg": { kinds: ["image"] },
  "image/png": { kinds: ["image", "sticker"] },
  "image/webp": { kinds: ["image", "sticker"] },
  "audio/aac": { kinds: ["audio"], container: "aac" },
  "audio/amr": { kinds: ["audio"], container: "amr" },
  "audio/mpeg": { kinds: ["audio"], container: "mp3" },
  "audio/ogg": { kinds: ["audio"], container: "ogg" },
  "audio/wav": { kinds: ["audio"], container: "wav" },
  "audio/mp4": mov,
  "audio/x-m4a": mov,
  "video/mp4": mov,
  "video/x-m4v": { ...mov, mimes: { audio: "audio/mp4", video: "video/mp4" } },
  "video/3gpp": mov,
  "video/quicktime": mov,
  "video/webm": matroska,
  "video/matroska": matroska,
  "application/pdf": document,
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": document,
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": document,
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": document,
};

/** Text has no magic bytes: it is what it was declared as when it reads as text. */
const textMimes = ["text/plain", "text/csv", "application/json", "application/x-ndjson"];

/** The older Office formats share one container, so the declaration tells them apart. */
const compoundFileMimes = ["application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"];

/**
 * Tells what a file really is from its first bytes, and that this agrees with what was declared.
 *
 * @param head the first `magicBytes` of the file, or all of a shorter one
 * @param declared mime the sender names, and the kind it is to be used as
 * @throws AppError `media-type-mismatch` when the bytes are something else, `media-unsupported` when they are nothing we take
 */
export async function identifyUpload(
  head: Uint8Array,
  declared: { readonly mime: string; readonly kind: MediaKind },
): Promise<MediaIdentity> {
  const { kind } = declared;
  const declaredMime = bareMime(declared.mime);
  if (!mediaRules[kind].uploadMimes.includes(declaredMime)) {
    throw mediaUnsupported(
      `This type is not taken as ${kind}. Send one of: ${mediaRules[kind].uploadMimes.join(", ")}.`,
    );
  }
  const sniffed = await sniff(head);
  if (sniffed === "application/x-cfb" && compoundFileMimes.includes(declaredMime)) {
    return { kind, mime: declaredMime, container: null };
  }
  if (sniffed === null && textMimes.includes(declaredMime) && isText(head)) {
    return { kind, mime: declaredMime, container: null };
  }
  const magic = sniffed === null ? undefined : magicByMime[sniffed];
  const agrees = magic?.kinds.includes(kind) && (kind !== "document" || sniffed === declaredMime);
  if (!magic || sniffed === null || !agrees) {
    throw mediaTypeMismatch(
      `The content is not what was declared. Declare the file's real type; as ${kind} we take ${mediaRules[kind].uploadMimes.join(", ")}.`,
    );
  }
  return { kind, mime: magic.mimes?.[kind] ?? sniffed, container: magic.container ?? null };
}

/**
 * The same for what a customer sent us through WhatsApp. Documents may be of any type there: they are kept as they
 * came, never opened, and only ever served as attachments.
 *
 * @throws AppError as `identifyUpload`, for anything but documents
 */
export async function identifyInbound(
  head: Uint8Array,
  declared: { readonly mime: string; readonly kind: MediaKind },
): Promise<MediaIdentity> {
  if (declared.kind === "document") {
    const sniffed = (await sniff(head)) ?? (isText(head) ? "text/plain" : "application/octet-stream");
    const declaredMime = bareMime(declared.mime);
    const isOldOffice = sniffed === "application/x-cfb" && compoundFileMimes.includes(declaredMime);
    return { kind: "document", mime: isOldOffice ? declaredMime : sniffed, container: null };
  }
  const sniffed = await sniff(head);
  const magic = sniffed === null ? undefined : magicByMime[sniffed];
  if (!magic || sniffed === null || !magic.kinds.includes(declared.kind)) {
    throw mediaTypeMismatch(
      `What WhatsApp delivered as ${declared.kind} is of another type, so it is not opened.`,
    );
  }
  return {
    kind: declared.kind,
    mime: magic.mimes?.[declared.kind] ?? sniffed,
    container: magic.container ?? null,
  };
}

/** Mime by magic bytes without parameters, or null: text and anything unknown have none. */
async function sniff(head: Uint8Array): Promise<string | null> {
  const { fileTypeFromBuffer } = await import("file-type");
  const found = await fileTypeFromBuffer(head.subarray(0, magicBytes));
  return found ? bareMime(found.mime) : null;
}

/** UTF-8 without control characters other than white space; the last character may be cut. */
function isText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what makes it not a text
    return !/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text);
  } catch {
    return false;
  }
}
