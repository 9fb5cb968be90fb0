import { AppError } from "../errors/app.error";
import type { BytesInput, Route } from "./define.route";
import type { EdgeRequest } from "./edge.request";
import { jsonTraps } from "./strict.json";
import { invalidRequest } from "./validation.problem";

/** 1 MiB: what a JSON body may have when its route says nothing else. */
export const defaultMaxBodyBytes = 1024 * 1024;

/** Deeper JSON than anybody writes; what walks the tree later stays clear of stack limits. */
const maxJsonDepth = 64;

/** True for a body that the route takes as bytes. */
export function isBytesInput(body: Route["input"]["body"]): body is BytesInput {
  return body !== undefined && "bytes" in body && body.bytes === true;
}

/**
 * The body as bytes.
 * @throws AppError payload-too-large
 */
export function bodyBytes(edge: EdgeRequest, maxBytes: number): Buffer {
  const { isBase64Encoded } = edge.event;
  const body = edge.event.body ?? ""; // the emulator says null where AWS leaves it out
  // Base64 is a third longer than what it stands for: refuse before decoding what cannot fit.
  if (body.length > maxBytes * (isBase64Encoded ? 1.4 : 1) + 4) throw tooLarge(maxBytes);
  const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** The 413 of a body above `maxBytes`. */
export function tooLarge(maxBytes: number): AppError {
  return new AppError("payload-too-large", `The body may have at most ${maxBytes} bytes here.`);
}

/**
 * The body as parsed JSON; undefined when there is none.
 * @throws AppError payload-too-large, unsupported-media-type, malformed-json, validation-failed for what no reader may
 * take for granted: fields given twice, prototype names, broken Unicode
 */
export function jsonBody(edge: EdgeRequest, maxBytes: number): unknown {
  const bytes = bodyBytes(edge, maxBytes);
  if (bytes.length === 0) return undefined;
  requireContentType(edge, isJsonType, "application/json");
  let text: string;
  let value: unknown;
  try {
    // A byte order mark is kept, so that it is refused (RFC 8259, section 8.1).
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new AppError("malformed-json", "The body is not well-formed JSON in UTF-8.");
  }
  if (depthExceeds(value, maxJsonDepth))
    throw new AppError("malformed-json", `The body is nested deeper than ${maxJsonDepth} levels.`);
  const traps = jsonTraps(text);
  if (traps.length > 0) throw invalidRequest(traps);
  return value;
}

/** @throws AppError unsupported-media-type when the body is of another type than the route takes */
export function requireBytesType(edge: EdgeRequest, expected: string): void {
  if (expected === "*/*") return;
  requireContentType(edge, (type) => type === expected, expected);
}

function requireContentType(edge: EdgeRequest, accepts: (type: string) => boolean, expected: string): void {
  // Nothing is unpacked here: a few bytes may stand for gigabytes.
  const encoding = edge.header("content-encoding")?.trim().toLowerCase() || "identity";
  if (encoding !== "identity")
    throw new AppError("unsupported-media-type", "Send the body as it is, without content-encoding.");
  const [type = "", ...parameters] = (edge.header("content-type") ?? "").toLowerCase().split(";");
  const charset = parameters.map((part) => part.trim()).find((part) => part.startsWith("charset="));
  const readable = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (!accepts(type.trim()) || !readable)
    throw new AppError("unsupported-media-type", `Send the body as content-type ${expected}.`, {
      headers: { accept: expected },
    });
}

function isJsonType(type: string): boolean {
  return type === "application/json" || type === "application/merge-patch+json";
}

/** Level by level, so that no input can exhaust the stack. */
function depthExceeds(root: unknown, limit: number): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((value) => (typeof value === "object" && value ? Object.values(value) : []));
  }
  return false;
}
