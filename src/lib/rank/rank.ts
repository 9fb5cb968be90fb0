/**
 * Places in an order that people drag things in: strings that sort by their bytes, with room between any two. Ends
 * move by a fixed step in the first eight characters, so that adding at an end never makes ranks longer; only
 * dropping again and again into the same gap does, by one character in five. Before a rank becomes longer than
 * `longestRank`, its neighbours are spread anew (`ranksBetween`; `rank.room.ts` says how many).
 */
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const base = digits.length;
const headLength = 8;
const headLimit = base ** headLength;
const step = base ** 4;

/** A rank that would be longer than this has its neighbours spread anew first. */
export const longestRank = 24;

/** The rank of the first thing in an empty order. */
export const firstRank = headOf(headLimit / 2);

/**
 * A rank between two neighbours.
 * @param lower the neighbour before, null at the start.
 * @param upper the neighbour after, null at the end.
 * @throws RangeError when `lower` is not before `upper`.
 */
export function rankBetween(lower: string | null, upper: string | null): string {
  if (lower === null && upper === null) return firstRank;
  if (lower === null && upper !== null) {
    const head = numberOf(upper) - step;
    return head > 0 ? headOf(head) : middle("", upper);
  }
  if (lower !== null && upper === null) {
    const head = numberOf(lower) + step;
    return head < headLimit ? headOf(head) : middle(lower, null);
  }
  return middle(lower ?? "", upper);
}

/**
 * Ranks at equal distances between two neighbours, of the shortest length that leaves room between any two of them
 * for several more of that length.
 * @param longest how long they may be.
 * @param taken ranks between the two that must not be given out.
 * @returns `count` ranks in their order; null when there is no such room.
 */
export function ranksBetween(
  lower: string | null,
  upper: string | null,
  { count, longest, taken }: { count: number; longest: number; taken: ReadonlySet<string> },
): string[] | null {
  for (let length = headLength; length <= longest; length += 1) {
    // What is cut off of either end lies outside: no rank given out equals or passes it.
    const from = lower === null ? 0n : fractionOf(lower, length);
    const to = upper === null ? bigBase ** BigInt(length) : fractionOf(upper, length);
    const distance = (to - from) / BigInt(count + 1);
    // More than what is taken: a place that is passes on to one that is free before the next.
    if (distance >= bigBase && distance > BigInt(taken.size))
      return Array.from({ length: count }, (_, index) =>
        freeRank(from + distance * BigInt(index + 1), length, taken),
      );
  }
  return null;
}

const bigBase = BigInt(base);
const wideLength = 12;
/** Narrow beside a step of the ends: a million of them are far from reaching the next lead that stands alone. */
const wideStep = bigBase ** 3n;

/**
 * The rank that is so many wide steps behind (or, with fewer than none, before) another, however crowded it is there.
 * @returns null beyond the ends of all ranks.
 */
export function rankAway(origin: string, steps: number): string | null {
  const value = fractionOf(origin, wideLength) + BigInt(steps) * wideStep;
  return value > 0n && value < bigBase ** BigInt(wideLength) ? rankOf(value, wideLength) : null;
}

function freeRank(place: bigint, length: number, taken: ReadonlySet<string>): string {
  const rank = rankOf(place, length);
  return taken.has(rank) ? freeRank(place + 1n, length, taken) : rank;
}

/** A rank's first characters as a number. */
function fractionOf(rank: string, length: number): bigint {
  let value = 0n;
  for (const digit of rank.slice(0, length).padEnd(length, "0"))
    value = value * bigBase + BigInt(digits.indexOf(digit));
  return value;
}

/** Without zeros behind the head, as `middle` makes them: one place has one rank. */
function rankOf(value: bigint, length: number): string {
  let rest = value;
  let rank = "";
  for (let index = 0; index < length; index += 1) {
    rank = digits.charAt(Number(rest % bigBase)) + rank;
    rest /= bigBase;
  }
  return rank.replace(/0+$/, "").padEnd(headLength, "0");
}

/** The shortest string halfway: digit by digit, `lower` as if followed by zeros, `upper` null as if all above. */
function middle(lower: string, upper: string | null): string {
  if (upper !== null && lower >= upper) throw new RangeError("The lower rank is not before the upper one.");
  let prefix = "";
  let bounded = upper !== null;
  for (let index = 0; ; index += 1) {
    const low = digits.indexOf(lower.charAt(index) || "0");
    const high = bounded && upper !== null ? digits.indexOf(upper.charAt(index) || "0") : base;
    const half = Math.floor((low + high) / 2);
    // Padded to a head, so that no two ranks differ by trailing zeros alone: there would be nothing between them.
    if (half > low) return (prefix + digits.charAt(half)).padEnd(headLength, "0");
    prefix += digits.charAt(low);
    if (high > low) bounded = false;
  }
}

function numberOf(rank: string): number {
  let value = 0;
  for (const digit of rank.slice(0, headLength).padEnd(headLength, "0"))
    value = value * base + digits.indexOf(digit);
  return value;
}

function headOf(value: number): string {
  let rest = Math.floor(value);
  let head = "";
  for (let index = 0; index < headLength; index += 1) {
    head = digits.charAt(rest % base) + head;
    rest = Math.floor(rest / base);
  }
  return head;
}
