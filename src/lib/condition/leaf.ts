import { type Condition, type Operator, operatorValues } from "../../contracts/condition.contract";
import type { ConditionField } from "./field";
import { readValue } from "./values";

/** A leaf of a condition: what is left when `all`, `any` and `not` are taken apart. */
export interface Leaf {
  readonly field: string;
  readonly op: Operator;
  readonly value: unknown;
  readonly caseSensitive: boolean;
}

/** What a condition is made of. */
export type Node =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "all" | "any"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition };

/** Takes a condition apart. @throws Error for one that no schema has seen. */
export function nodeOf(condition: Condition): Node {
  const { field, op, value, caseSensitive = false, all, any, not } = condition;
  if (all) return { kind: "all", parts: all };
  if (any) return { kind: "any", parts: any };
  if (not) return { kind: "not", part: not };
  if (field === undefined || op === undefined) throw new Error("A condition was not parsed by its schema.");
  return { kind: "leaf", leaf: { field, op, value, caseSensitive } };
}

/** Stands for a value that is none of its field's type: equal to nothing, also not to a missing one. */
const unreadable = Symbol("unreadable");

/**
 * A leaf's value as its field's type reads it: one value, a list, or a duration as it is.
 * @returns `unreadable` when the value, or one of several, is none of the type.
 */
export function expectedOf(
  field: ConditionField,
  { op, value }: Leaf,
): { readonly value: unknown; readonly unreadable: boolean } {
  const kind = operatorValues[op];
  if (kind === "none" || kind === "duration") return { value, unreadable: false };
  if (kind === "change") return changeOf(field, value);
  if (!Array.isArray(value)) {
    const read = readValue(field.type, value);
    return read === undefined ? { value: unreadable, unreadable: true } : { value: read, unreadable: false };
  }
  const read = value.map((each) => readValue(field.type, each));
  return { value: read.filter((each) => each !== undefined), unreadable: read.includes(undefined) };
}

function changeOf(field: ConditionField, value: unknown): { value: unknown; unreadable: boolean } {
  const sides = Object.entries(value ?? {}).map(([side, each]) => [side, readValue(field.type, each)]);
  return {
    value: Object.fromEntries(sides),
    unreadable: sides.some(([, each]) => each === undefined),
  };
}
