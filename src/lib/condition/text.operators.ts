import { trusted } from "mongoose";
import { listOf, lookup } from "./equality.operators";
import type { Comparison } from "./field";
import { type ConditionOperator, negated, noDocument, type Queried, type StoredFilter } from "./operator";
import { patternOf } from "./text";
import { asText } from "./values";

const types = new Set(["text", "text_list", "key", "any"] as const);

/** One of the values, as a text, against the text looked for. */
function holds(it: Comparison, test: (actual: string, expected: string) => boolean): boolean {
  const exact = it.caseSensitive || it.type === "key";
  const expected = asText(it.expected, exact);
  if (expected === undefined) return false;
  return listOf(it.actual).some((value) => {
    const actual = it.type === "any" || typeof value === "string" ? asText(value, exact) : undefined;
    return actual !== undefined && test(actual, expected);
  });
}

function matching(it: Queried, pattern: (text: string) => string): StoredFilter {
  const { path, value } = lookup(it, it.expected);
  return typeof value === "string" ? { [path]: trusted({ $regex: pattern(patternOf(value)) }) } : noDocument;
}

const contains: ConditionOperator = {
  types,
  evaluate: (it) => holds(it, (actual, expected) => actual.includes(expected)),
  toQuery: (it) => matching(it, (text) => text),
};

export const textOperators = {
  contains,
  not_contains: negated(contains),
  starts_with: {
    types,
    evaluate: (it) => holds(it, (actual, expected) => actual.startsWith(expected)),
    toQuery: (it) => matching(it, (text) => `^${text}`),
  },
  ends_with: {
    types,
    evaluate: (it) => holds(it, (actual, expected) => actual.endsWith(expected)),
    // \z, since $ would also match before a last line break
    toQuery: (it) => matching(it, (text) => `${text}\\z`),
  },
} satisfies Record<string, ConditionOperator>;
