/** Words that a text can be found by; the same for what is stored and what is asked. */

/** Beyond these a text is found by its beginning only. */
const mostWords = 60;
const longestWord = 40;

/** The words of a text as the index has them: without accents and case, from two letters, each once. */
export function wordsOf(text: string | null | undefined): string[] {
  if (!text) return [];
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = plain.match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  return [...new Set(words.map((word) => word.slice(0, longestWord)))].slice(0, mostWords);
}
