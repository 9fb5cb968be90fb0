/** Words that people search by: without case, accents and punctuation. */

const maxWords = 60;
const maxWordLength = 40;

/** A text without case, accents and compatibility forms: `Ação` is `acao`. */
export function plainText(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase();
}

/** The words of a text, in their order. */
export function wordsOf(text: string): string[] {
  return (plainText(text).match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => word.slice(0, maxWordLength));
}

/**
 * Everything that one thing is found by: words, whole addresses and their parts, numbers with their country and
 * without (people type the last digits they remember: those from the area on).
 */
export function searchWords({
  texts,
  phones,
  emails,
}: {
  texts: readonly (string | null)[];
  phones: readonly string[];
  emails: readonly string[];
}): string[] {
  const words = [
    ...texts.flatMap((text) => (text === null ? [] : wordsOf(text))),
    ...emails.flatMap((email) => [plainText(email).slice(0, maxWordLength), ...wordsOf(email)]),
    ...phones.flatMap(tailsOf),
  ];
  return [...new Set(words)].slice(0, maxWords);
}

/** A number's digits, and the same from each place on down to its last four: any end of it is a prefix of one. */
function tailsOf(e164: string): string[] {
  const digits = e164.replace(/\D/g, "");
  const starts = Array.from({ length: Math.max(1, digits.length - 3) }, (_, from) => digits.slice(from));
  return starts;
}

/** What somebody typed, as the words that must all be found; digits written with spaces or signs are one number. */
export function queryWords(query: string): string[] {
  const text = query.trim();
  if (/^[+\d][\d\s().-]*$/.test(text)) {
    const digits = text.replace(/\D/g, "");
    return digits === "" ? [] : [digits];
  }
  if (text.includes("@") && !/\s/.test(text)) return [plainText(text).slice(0, maxWordLength)];
  return [...new Set(wordsOf(text))].slice(0, 10);
}
