import { trusted } from "mongoose";
import { listOf } from "./equality.operators";
import type { Comparison } from "./field";
import { type ConditionOperator, noDocument, type Queried, type StoredFilter } from "./operator";
import { asNumber, asTime, isMissing } from "./values";

const types = new Set(["number", "time", "day", "any"] as const);
const times = new Set(["time", "day", "any"] as const);

/** Below 0, 0 or above; undefined where two values cannot be ordered, which makes every comparison false. */
export function order(it: Pick<Comparison, "type">, left: unknown, right: unknown): number | undefined {
  if (isMissing(left) || isMissing(right)) return undefined;
  if (it.type === "number")
    return typeof left === "number" && typeof right === "number" ? left - right : undefined;
  if (it.type === "any") {
    const [a, b] = [asNumber(left), asNumber(right)];
    if (a !== undefined && b !== undefined) return a - b;
  }
  const [a, b] = [asTime(left), asTime(right)];
  return a === undefined || b === undefined ? undefined : a - b;
}

type Bound = "$gt" | "$gte" | "$lt" | "$lte";
const holds: Record<Bound, (difference: number) => boolean> = {
  $gt: (difference) => difference > 0,
  $gte: (difference) => difference >= 0,
  $lt: (difference) => difference < 0,
  $lte: (difference) => difference <= 0,
};

/** Documents whose value lies within bounds. MongoDB compares values of one kind only, as `order` does. */
export function within(it: Queried, bounds: Partial<Record<Bound, unknown>>): StoredFilter {
  if (Object.values(bounds).some((bound) => isMissing(bound))) return noDocument;
  return { [it.stored.path]: trusted(bounds) };
}

function than(bound: Bound, fits: ConditionOperator["types"] = types): ConditionOperator {
  return {
    types: fits,
    evaluate: (it) => {
      const difference = order(it, it.actual, it.expected);
      return difference !== undefined && holds[bound](difference);
    },
    toQuery: (it) => within(it, { [bound]: it.expected }),
  };
}

export const orderOperators = {
  gt: than("$gt"),
  gte: than("$gte"),
  lt: than("$lt"),
  lte: than("$lte"),
  between: {
    types,
    evaluate: (it) => {
      const [from, to] = listOf(it.expected);
      const [low, high] = [order(it, it.actual, from), order(it, it.actual, to)];
      return low !== undefined && high !== undefined && low >= 0 && high <= 0;
    },
    toQuery: (it) => {
      const [from, to] = listOf(it.expected);
      return within(it, { $gte: from, $lte: to });
    },
  },
  before: than("$lt", times),
  after: than("$gt", times),
  on_or_before: than("$lte", times),
  on_or_after: than("$gte", times),
} satisfies Record<string, ConditionOperator>;
