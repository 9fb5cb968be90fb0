import { trusted } from "mongoose";
import type { Condition } from "../../contracts/condition.contract";
import { type ConditionFields, findField, type StoredField } from "./field";
import { expectedOf, type Leaf, nodeOf } from "./leaf";
import { noDocument, type StoredFilter } from "./operator";
import { conditionOperators } from "./operators";

/**
 * The documents for which `evaluateCondition` would be true, as a filter for MongoDB. The condition must have passed
 * `checkCondition` for a search.
 * @throws Error for a field or an operator that is not stored.
 */
export function conditionToFilter(condition: Condition, fields: ConditionFields, now: Date): StoredFilter {
  const filterOf = (part: Condition): StoredFilter => {
    const node = nodeOf(part);
    if (node.kind === "leaf") return leafFilter(node.leaf, fields, now);
    if (node.kind === "not") return { $nor: [filterOf(node.part)] };
    const parts = node.parts.map(filterOf);
    // An empty list of parts is no filter to MongoDB.
    if (parts.length === 0) return node.kind === "all" ? {} : noDocument;
    return node.kind === "all" ? { $and: parts } : { $or: parts };
  };
  return filterOf(condition);
}

function leafFilter(leaf: Leaf, fields: ConditionFields, now: Date): StoredFilter {
  const field = findField(fields, leaf.field);
  const operator = conditionOperators[leaf.op];
  if (!field?.stored || !operator.toQuery) throw new Error(`${leaf.field} ${leaf.op} cannot be searched by.`);
  const { stored, type } = field;
  const { caseSensitive } = leaf;
  const { value: expected, unreadable } = expectedOf(field, leaf);
  if (unreadable) throw new Error(`${leaf.field} is compared with what it cannot hold.`);
  if (!stored.values) return operator.toQuery({ stored, type, expected, caseSensitive, now });
  const passes = (actual: unknown) =>
    operator.evaluate({ op: leaf.op, type, actual, expected, caseSensitive, now, change: undefined });
  return valuesFilter(stored, stored.values, passes);
}

/** Fields with few values: each is judged here, and the query asks for those that pass. */
function valuesFilter(
  { path }: StoredField,
  values: NonNullable<StoredField["values"]>,
  passes: (value: unknown) => boolean,
): StoredFilter {
  const known = values.flatMap(({ stored }) => stored);
  const passing = values.filter(({ value }) => passes(value)).flatMap(({ stored }) => stored);
  const isOneOf = { [path]: trusted({ $in: passing }) };
  // Whatever is none of them is nothing: a stage that was deleted has no key.
  return passes(undefined) ? { $or: [isOneOf, { [path]: trusted({ $nin: known }) }] } : isOneOf;
}
