/** Texts whose length Meta limits. */
import * as z from "zod";

/** A text of 1 to `most` characters, counted as people count them: an emoji is one, whatever it takes in UTF-16. */
export function limitedText(most: number) {
  return z
    .string()
    .min(1)
    .refine((text) => lengthOf(text) <= most, { error: `must not be longer than ${most} characters` });
}

/** Characters, not UTF-16 units. */
export function lengthOf(text: string): number {
  return [...text].length;
}

/** Whether no two are alike. */
export function areUnique(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
