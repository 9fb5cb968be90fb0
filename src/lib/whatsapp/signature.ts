import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export type SignatureCheck = "ok" | "no_secret" | "missing" | "malformed" | "mismatch";

/**
 * Checks Meta's `X-Hub-Signature-256` over the bytes as they came. Hash them before any parsing: Meta signs its own
 * spelling (`\uXXXX`, `\/`), which a parse and re-write would lose.
 * @param header e.g. `sha256=<64 hex digits>`.
 * @param secrets the app's current secret and, while it is being rotated, its previous one. None: refused.
 * @see https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
 */
export function checkSignature(
  rawBody: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
): SignatureCheck {
  if (secrets.length === 0) return "no_secret";
  if (header === undefined) return "missing";
  const given = /^sha256=([0-9a-f]{64})$/.exec(header)?.[1];
  if (given === undefined) return "malformed";
  const claimed = Buffer.from(given, "hex");
  // Every secret is tried, so that the time taken does not tell which one matched.
  const matches = secrets.map((secret) =>
    timingSafeEqual(createHmac("sha256", secret).update(rawBody).digest(), claimed),
  );
  return matches.includes(true) ? "ok" : "mismatch";
}

/** Compares two tokens of any length in constant time. */
export function isSameToken(given: string, expected: string): boolean {
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
