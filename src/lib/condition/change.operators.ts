/** What an event changed. Only an event can tell, so these find no documents. */
import { same } from "./equality.operators";
import type { Comparison } from "./field";
import { type ConditionOperator, everyType } from "./operator";
import { order } from "./order.operators";

const ordered = new Set(["number", "time", "day", "any"] as const);

function fits(it: Comparison, side: "from" | "to"): boolean {
  const { expected, change } = it;
  if (typeof expected !== "object" || expected === null || !(side in expected)) return true;
  return same(it, change?.[side], Reflect.get(expected, side));
}

const difference = ({ change, type }: Comparison): number =>
  order({ type }, change?.to, change?.from) ?? Number.NaN;

export const changeOperators = {
  changed: {
    types: everyType,
    evaluate: (it) => it.change !== undefined && fits(it, "from") && fits(it, "to"),
  },
  increased: { types: ordered, evaluate: (it) => difference(it) > 0 },
  decreased: { types: ordered, evaluate: (it) => difference(it) < 0 },
} satisfies Record<string, ConditionOperator>;
