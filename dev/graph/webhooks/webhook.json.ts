/** Writes JSON the way Meta's servers do, and signs the bytes. */
import { createHmac } from "node:crypto";
import { isRecord } from "../http/exchange";

/**
 * JSON with non-ASCII as `\uXXXX` (lower-case hex) and `/` as `\/`. A bigint becomes a plain integer, so that ids
 * above 2^53 keep their digits.
 */
export function webhookJson(value: unknown): string {
  return write(value)
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("/", "\\/");
}

function write(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (isRecord(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** Value of `X-Hub-Signature-256`. Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started */
export function signature256(secret: string, bytes: Buffer): string {
  return `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
}

/** The headers of a webhook POST, the outdated SHA-1 signature included. */
export function webhookHeaders(secret: string, bytes: Buffer): Record<string, string> {
  return {
    "content-type": "application/json",
    "user-agent": "facebookexternalua",
    "x-hub-signature": `sha1=${createHmac("sha1", secret).update(bytes).digest("hex")}`,
    "x-hub-signature-256": signature256(secret, bytes),
  };
}
