import { hkdfSync } from "node:crypto";
import { hmacHex } from "./hmac";
import { masterKeys } from "./master.keys";

const derived = new Map<string, Buffer>();

/**
 * HMAC of a value under a key of its own purpose, derived from the oldest master key, so that adding a key does not
 * change it. For what must be recognised but not read: cursors, body hashes, ids in logs. 64 hex digits.
 */
export function keyedHash(purpose: string, value: string | Buffer): string {
  let key = derived.get(purpose);
  if (!key) {
    const oldest = masterKeys().at(-1) ?? masterKeys()[0];
    key = Buffer.from(hkdfSync("sha256", oldest.key, "ecod", purpose, 32));
    derived.set(purpose, key);
  }
  return hmacHex(key, value);
}
