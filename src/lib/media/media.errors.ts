import { AppError } from "../errors/app.error";

/**
 * The media itself is the reason: it is of a kind, size or length that we do not take, or it is damaged. Trying again
 * gives the same answer. `detail` says what is wrong and what to send instead; it never quotes the file.
 */
export function mediaUnsupported(detail: string, cause?: unknown): AppError {
  return new AppError("media-unsupported", detail, { cause });
}

/** The bytes are of another kind than was declared. */
export function mediaTypeMismatch(detail: string): AppError {
  return new AppError("media-type-mismatch", detail);
}

/**
 * Our side is the reason: no usable ffmpeg, no room on the disk, the time limit. The same media may pass later or on
 * another machine, so jobs retry it.
 */
export class MediaToolError extends Error {
  override readonly name = "MediaToolError";
}
