/** How times are taken and put side by side. */

/** The `share` quantile (0 to 1) of a list of numbers, by the nearest rank. @throws RangeError for an empty list */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new RangeError("There is no quantile of nothing.");
  return value;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Runs `work` and tells how long it took, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Runs `work` `count` times, `side` at once. @returns the time of all, and of each, in ms */
export async function atOnce(
  side: number,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<{ ms: number; each: number[] }> {
  const each: number[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) each.push(await timed(() => work(index)));
  };
  const ms = await timed(() => Promise.all(Array.from({ length: side }, lane)));
  return { ms, each };
}

/**
 * Runs two rivals in turn, so that whatever else the machine does meets both alike. Which of them goes first changes
 * from round to round. @returns what each round gave
 */
export async function inRounds<A, B>(
  rounds: number,
  ours: (round: number) => Promise<A>,
  theirs: (round: number) => Promise<B>,
): Promise<{ ours: A[]; theirs: B[] }> {
  const results: { ours: A[]; theirs: B[] } = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0;
    if (first) results.ours.push(await ours(round));
    results.theirs.push(await theirs(round));
    if (!first) results.ours.push(await ours(round));
  }
  return results;
}
