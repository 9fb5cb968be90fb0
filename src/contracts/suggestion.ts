/** The word that somebody most likely meant, for messages that refuse another; undefined when none is near. */
export function nearestWord(word: string, words: Iterable<string>): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3));
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    if (Math.abs(candidate.length - word.length) > most) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= most && (!best || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** How many letters must be added, removed or changed (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The end of a sentence that refuses a word: ` Did you mean name?`, or nothing. */
export function didYouMean(word: string, words: Iterable<string>): string {
  const meant = nearestWord(word, words);
  return meant === undefined ? "" : ` Did you mean ${meant}?`;
}

/** The word that such a sentence suggests. */
export function suggestionIn(sentence: string): string | null {
  return /did you mean ([^\s?]+)\?/i.exec(sentence)?.[1] ?? null;
}
