/**
 * Places in an order that people drag things in: strings that sort by their bytes, with room between any two. Ends
 * move by a fixed step in the first eight characters, so that adding at an end never makes ranks longer; only
 * dropping again and again into the same gap does, by one character in five.
 */
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const base = digits.length;
const headLength = 8;
const headLimit = base ** headLength;
const step = base ** 4;

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
