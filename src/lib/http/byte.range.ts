/** Ranges of stored bytes (RFC 9110, 14.2), with a limit on one answer. */
import { AppError } from "../errors/app.error";

/** What fits through a Lambda in base64. */
const answerBytes = 4 * 1024 * 1024;

/** `end` is exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What to answer of `size` bytes.
 * @param header the `Range` header; of several ranges none is honoured
 * @throws AppError use-range when the answer would be above 4 MB; range-not-satisfiable
 */
export function requireRange(header: string | undefined, size: number): ByteRange {
  const part = parseRange(header, size);
  const { start, end } = part ?? { start: 0, end: size };
  if (end - start > answerBytes) {
    throw new AppError(
      "use-range",
      `One answer holds at most ${answerBytes} bytes of these ${size}. Ask for ranges, e.g. Range: bytes=0-${answerBytes - 1}.`,
      { headers: { "accept-ranges": "bytes" } },
    );
  }
  return {
    start,
    end,
    status: part ? 206 : 200,
    headers: part ? { "content-range": `bytes ${start}-${end - 1}/${size}` } : {},
  };
}

/** The one range of a header, `end` exclusive; null when there is none that we honour. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | null {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "") return last === "" ? null : suffixRange(Number(last), size);
  const start = Number(first);
  if (last !== "" && Number(last) < start) return null; // not a range at all: as if it were not there
  if (start >= size) throw notSatisfiable(size);
  // an open end is what players send: they take what they get and ask for more
  return { start, end: Math.min(size, last === "" ? start + answerBytes : Number(last) + 1) };
}

/** `bytes=-500`: the last 500. */
function suffixRange(length: number, size: number): { start: number; end: number } {
  if (length === 0) throw notSatisfiable(size);
  return { start: Math.max(0, size - length), end: size };
}

function notSatisfiable(size: number): AppError {
  return new AppError("range-not-satisfiable", `The content has ${size} bytes.`, {
    headers: { "content-range": `bytes */${size}` },
  });
}
