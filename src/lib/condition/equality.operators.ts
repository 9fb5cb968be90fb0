import { trusted } from "mongoose";
import type { Comparison } from "./field";
import {
  type ConditionOperator,
  everyType,
  negated,
  noDocument,
  type Queried,
  type StoredFilter,
} from "./operator";
import { exactText, foldText } from "./text";
import { asNumber, asText, asTime, isMissing } from "./values";

/** Are these two the same to a field of this type? Nothing is the same as nothing. */
export function same(
  { type, caseSensitive }: Pick<Comparison, "type" | "caseSensitive">,
  actual: unknown,
  expected: unknown,
): boolean {
  if (isMissing(actual) || isMissing(expected)) return isMissing(actual) && isMissing(expected);
  switch (type) {
    case "number":
    case "boolean":
    case "day":
      return actual === expected;
    case "time": {
      const time = asTime(actual);
      return time !== undefined && time === asTime(expected);
    }
    case "key":
    case "id":
      return typeof actual === "string" && exactText(actual) === expected;
    case "text":
    case "text_list":
      return typeof actual === "string" && asText(actual, caseSensitive) === asText(expected, caseSensitive);
    case "any":
      return sameLoosely(actual, expected, caseSensitive);
  }
}

/** Undeclared data: numbers and times by their value however they are written, everything else as texts. */
function sameLoosely(actual: unknown, expected: unknown, caseSensitive: boolean): boolean {
  if (typeof actual === "boolean" || typeof expected === "boolean") return actual === expected;
  const [left, right] = [asNumber(actual), asNumber(expected)];
  if (left !== undefined && right !== undefined) return left === right;
  const [from, to] = [asTime(actual), asTime(expected)];
  if (from !== undefined && to !== undefined) return from === to;
  const text = asText(actual, caseSensitive);
  return text !== undefined && text === asText(expected, caseSensitive);
}

export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : isMissing(value) ? [] : [value];

const overlaps = (it: Comparison): boolean =>
  listOf(it.actual).some((actual) => listOf(it.expected).some((expected) => same(it, actual, expected)));

/** Where to look and what for: the folded text, or the value as it is stored. */
export function lookup(
  { stored, type, caseSensitive }: Queried,
  value: unknown,
): { path: string; value: unknown } {
  const isText = (type === "text" || type === "text_list") && typeof value === "string";
  if (isText && (caseSensitive || stored.exact)) return { path: stored.path, value: exactText(value) };
  if (isText) return { path: stored.folded ?? stored.path, value: foldText(value) };
  return { path: stored.path, value: stored.encode && !isMissing(value) ? stored.encode(value) : value };
}

/** Documents with one of these values; null stands for none, and a value that cannot be stored for no document. */
function withOneOf(it: Queried, values: readonly unknown[]): StoredFilter {
  const sought = values.map((value) => lookup(it, value)).filter(({ value }) => value !== undefined);
  const path = sought.find(({ value }) => value !== null)?.path ?? it.stored.path;
  if (sought.length === 0) return noDocument;
  const [only] = sought;
  if (sought.length === 1 && only) return { [path]: only.value };
  return { [path]: trusted({ $in: sought.map(({ value }) => value) }) };
}

const equals: ConditionOperator = {
  types: new Set(["text", "key", "id", "number", "boolean", "time", "day", "any"]),
  evaluate: (it) => same(it, it.actual, it.expected),
  toQuery: (it) => withOneOf(it, [it.expected]),
};

/** In a list of values; a list has one of them. Nothing is in no list. */
const anyOf: ConditionOperator = {
  types: everyType,
  evaluate: overlaps,
  toQuery: (it) =>
    withOneOf(
      it,
      listOf(it.expected).filter((value) => !isMissing(value)),
    ),
};

const allOf: ConditionOperator = {
  types: new Set(["text_list", "any"]),
  evaluate: (it) =>
    listOf(it.expected).every((expected) => listOf(it.actual).some((actual) => same(it, actual, expected))),
  toQuery: (it) => {
    const each = listOf(it.expected).map((value) => allOfOne(it, value));
    return each.length === 0 ? {} : { $and: each };
  },
};

const allOfOne = (it: Queried, value: unknown): StoredFilter =>
  isMissing(value) ? noDocument : withOneOf(it, [value]);

export const equalityOperators = {
  equals,
  not_equals: negated(equals),
  in: anyOf,
  not_in: negated(anyOf),
  any_of: anyOf,
  all_of: allOf,
  none_of: negated(anyOf),
};
