import * as z from "zod";

/** One line of text as people write it: trimmed, in one form of Unicode (NFC), not empty, without control characters. */
export function textLine(max: number) {
  return z
    .string()
    .trim()
    .normalize("NFC")
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]+$/u, "must not hold control characters");
}
