/**
 * Keys that callers show: `ecod_<live|test|admin>_<keyId>_<secret>`. The key id finds the row, the secret proves the
 * right; only its SHA-256 is stored (it has 190 random bits, so a slow hash would protect nothing). The last six
 * letters of the secret are a checksum, so that a mistyped key costs no query.
 */
import { createHash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import { equalInConstantTime } from "../crypto/hmac";

/** `test` keys are of stage local, `live` of every other stage, `admin` of the platform team. */
export type ApiKeyKind = "live" | "test" | "admin";

/** A key just made. `key` is shown once and never stored. */
export interface NewApiKey {
  readonly key: string;
  readonly keyId: string;
  readonly hash: string;
  readonly last4: string;
}

export interface ParsedApiKey {
  readonly kind: ApiKeyKind;
  readonly keyId: string;
  readonly secret: string;
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const keyPattern = /^ecod_(live|test|admin)_([0-9A-Za-z]{8})_([0-9A-Za-z]{38})$/;

function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** CRC-32 in six base-62 digits. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let index = 0; index < 6; index++) {
    digits = alphabet[rest % alphabet.length] + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}

/** Makes a key with 190 random bits. */
export function makeApiKey(kind: ApiKeyKind): NewApiKey {
  const keyId = randomText(8);
  const random = randomText(32);
  const secret = random + checksum(`${kind}_${keyId}_${random}`);
  return {
    key: `ecod_${kind}_${keyId}_${secret}`,
    keyId,
    hash: hashApiKeySecret(secret),
    last4: secret.slice(-4),
  };
}

/** Takes a key apart; undefined when it is not one of ours or mistyped. */
export function parseApiKey(text: string): ParsedApiKey | undefined {
  const match = keyPattern.exec(text);
  if (!match) return undefined;
  const [, kind, keyId = "", secret = ""] = match;
  if (kind !== "live" && kind !== "test" && kind !== "admin") return undefined;
  if (checksum(`${kind}_${keyId}_${secret.slice(0, -6)}`) !== secret.slice(-6)) return undefined;
  return { kind, keyId, secret };
}

/** What is stored of a secret: SHA-256 in hex. */
export function hashApiKeySecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

const nobodysHash = hashApiKeySecret(randomText(38));

/**
 * Compares a secret with the stored hash, in constant time. Without one (no such key) it compares with nobody's, so
 * that the time does not tell whether the key id exists.
 */
export function verifyApiKeySecret(secret: string, storedHash: string | undefined): boolean {
  const equal = equalInConstantTime(hashApiKeySecret(secret), storedHash ?? nobodysHash);
  return equal && storedHash !== undefined;
}
