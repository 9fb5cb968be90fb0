import { createHash } from "node:crypto";

/** A number from 0 up to 1 that is always the same for the same text, and evenly spread over different ones. */
export function fractionOf(text: string): number {
  return createHash("sha256").update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
