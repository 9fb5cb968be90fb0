import type { Operator } from "../../../../contracts/condition.contract";
import { durationMs } from "../../../../lib/duration/duration";

export interface Comparison {
  readonly op: Operator;
  readonly actual: unknown;
  readonly expected: unknown;
  readonly caseSensitive: boolean;
  readonly now: Date;
}

const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined;

const isEmpty = (value: unknown): boolean =>
  isMissing(value) ||
  (typeof value === "string" && value.trim() === "") ||
  (Array.isArray(value) && value.length === 0);

/** Texts as people mean them: composed (NFC), trimmed, and without case unless asked for. */
function asText(value: unknown, caseSensitive: boolean): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const text = String(value).normalize("NFC").trim();
  return caseSensitive ? text : text.toLowerCase();
}

function asTime(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}/.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

function asNumber(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value)) return Number(value);
  return undefined;
}

/** Difference of two numbers or two times; undefined where they cannot be ordered, which makes a comparison false. */
function order(left: unknown, right: unknown): number | undefined {
  const [leftNumber, rightNumber] = [asNumber(left), asNumber(right)];
  if (leftNumber !== undefined && rightNumber !== undefined) return leftNumber - rightNumber;
  const [leftTime, rightTime] = [asTime(left), asTime(right)];
  return leftTime === undefined || rightTime === undefined ? undefined : leftTime - rightTime;
}

function same({ actual, expected, caseSensitive }: Comparison, other: unknown = expected): boolean {
  if (isMissing(actual) || isMissing(other)) return isMissing(actual) && isMissing(other);
  if (typeof actual === "boolean" || typeof other === "boolean") return actual === other;
  if (order(actual, other) === 0) return true;
  const [left, right] = [asText(actual, caseSensitive), asText(other, caseSensitive)];
  return left !== undefined && left === right;
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : isMissing(value) ? [] : [value];

/** Is one of the actual values one of the expected? */
const overlaps = (it: Comparison): boolean =>
  listOf(it.actual).some((actual) =>
    listOf(it.expected).some((expected) => same({ ...it, actual }, expected)),
  );

function holds(it: Comparison, test: (actual: string, expected: string) => boolean): boolean {
  const expected = asText(it.expected, it.caseSensitive);
  if (expected === undefined) return false;
  return listOf(it.actual).some((value) => {
    const actual = asText(value, it.caseSensitive);
    return actual !== undefined && test(actual, expected);
  });
}

function ordered(it: Comparison, test: (difference: number) => boolean, expected = it.expected): boolean {
  const difference = order(it.actual, expected);
  return difference !== undefined && test(difference);
}

/** Time since `actual` in ms; negative in the future. */
function ageMs(it: Comparison): number | undefined {
  const time = asTime(it.actual);
  return time === undefined ? undefined : it.now.getTime() - time;
}

const span = (it: Comparison): number =>
  typeof it.expected === "string" ? durationMs(it.expected) : Number.NaN;

const checks: Record<Operator, (it: Comparison) => boolean> = {
  equals: (it) => same(it),
  not_equals: (it) => !same(it),
  in: overlaps,
  not_in: (it) => !overlaps(it),
  contains: (it) => holds(it, (actual, expected) => actual.includes(expected)),
  not_contains: (it) => !holds(it, (actual, expected) => actual.includes(expected)),
  starts_with: (it) => holds(it, (actual, expected) => actual.startsWith(expected)),
  ends_with: (it) => holds(it, (actual, expected) => actual.endsWith(expected)),
  gt: (it) => ordered(it, (difference) => difference > 0),
  gte: (it) => ordered(it, (difference) => difference >= 0),
  lt: (it) => ordered(it, (difference) => difference < 0),
  lte: (it) => ordered(it, (difference) => difference <= 0),
  between: (it) => {
    const [from, to] = listOf(it.expected);
    return (
      ordered(it, (difference) => difference >= 0, from) && ordered(it, (difference) => difference <= 0, to)
    );
  },
  before: (it) => ordered(it, (difference) => difference < 0),
  after: (it) => ordered(it, (difference) => difference > 0),
  within_last: (it) => {
    const age = ageMs(it);
    return age !== undefined && age >= 0 && age <= span(it);
  },
  older_than: (it) => {
    const age = ageMs(it);
    return age !== undefined && age > span(it);
  },
  within_next: (it) => {
    const age = ageMs(it);
    return age !== undefined && age <= 0 && -age <= span(it);
  },
  exists: (it) => !isMissing(it.actual),
  not_exists: (it) => isMissing(it.actual),
  is_empty: (it) => isEmpty(it.actual),
  is_not_empty: (it) => !isEmpty(it.actual),
  any_of: overlaps,
  all_of: (it) =>
    listOf(it.expected).every((expected) =>
      listOf(it.actual).some((actual) => same({ ...it, actual }, expected)),
    ),
  none_of: (it) => !overlaps(it),
};

/**
 * Compares by the operator. A missing value makes ordered comparisons false and negative operators true; values of
 * kinds that cannot be compared are simply not equal.
 */
export function compare(comparison: Comparison): boolean {
  return checks[comparison.op](comparison);
}
