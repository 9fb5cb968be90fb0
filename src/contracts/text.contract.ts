import * as z from "zod";

/** For texts of one line. Written without \p{Cc}, which many readers of JSON Schema do not know. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
export const noControlCharacters = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** One line of text as people write it: trimmed, in one form of Unicode (NFC), not empty, without control characters. */
export function textLine(max: number) {
  return z
    .string()
    .trim()
    .normalize("NFC")
    .min(1)
    .max(max)
    .regex(noControlCharacters, "must not hold control characters");
}
