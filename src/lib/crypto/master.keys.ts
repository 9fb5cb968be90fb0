import { env } from "../env/env";

/** A key that seals secrets, with the id that stands in the envelopes it made. */
export interface MasterKey {
  readonly id: string;
  readonly key: Buffer;
}

/** Thrown when ECOD_MASTER_KEY does not parse. Never quotes it. */
export class MasterKeyError extends Error {
  override readonly name = "MasterKeyError";
}

/**
 * Parses ECOD_MASTER_KEY: `id:base64` pairs separated by commas, the first one seals, all open; a bare base64 value
 * has the id `k1`. @throws MasterKeyError
 */
export function parseMasterKeys(text: string): readonly [MasterKey, ...MasterKey[]] {
  const [first, ...others] = text.split(",").map((part): MasterKey => {
    const match = /^(?:([A-Za-z0-9-]{1,32}):)?([A-Za-z0-9+/]{43}=?)$/.exec(part.trim());
    if (!match?.[2])
      throw new MasterKeyError(
        "ECOD_MASTER_KEY must be 32 bytes in base64, as `openssl rand -base64 32` makes them, or `id:base64` pairs separated by commas.",
      );
    return { id: match[1] ?? "k1", key: Buffer.from(match[2], "base64") };
  });
  if (!first) throw new MasterKeyError("ECOD_MASTER_KEY is empty.");
  if (new Set([first, ...others].map(({ id }) => id)).size <= others.length)
    throw new MasterKeyError("ECOD_MASTER_KEY names the same key id twice; give each key an id of its own.");
  return [first, ...others];
}

let parsed: readonly [MasterKey, ...MasterKey[]] | undefined;

/** The master keys of this process, the sealing one first. @throws MasterKeyError */
export function masterKeys(): readonly [MasterKey, ...MasterKey[]] {
  parsed ??= parseMasterKeys(env().ECOD_MASTER_KEY);
  return parsed;
}
