import type { Condition } from "../../contracts/condition.contract";
import { nearestWord } from "../../contracts/suggestion";
import type { ProblemDetail } from "../errors/app.error";
import { type ConditionField, type ConditionFields, findField } from "./field";
import { expectedOf, type Leaf, nodeOf } from "./leaf";
import { conditionOperators } from "./operators";

/** What a condition is for: a search finds stored fields only, a rule judges whatever it knows. */
export type ConditionUse = "rule" | "search";

/**
 * What is wrong with a condition that its schema cannot see: fields that do not exist, operators that do not fit
 * them, values of another type. Pure.
 * @param pointer where the condition stands, e.g. `/condition`.
 */
export function checkCondition(
  condition: Condition,
  fields: ConditionFields,
  { pointer = "", use = "rule" }: { pointer?: string; use?: ConditionUse } = {},
): ProblemDetail[] {
  const node = nodeOf(condition);
  const inside = (part: Condition, at: string) => checkCondition(part, fields, { pointer: at, use });
  if (node.kind === "leaf") return leafIssues(node.leaf, fields, pointer, use);
  if (node.kind === "not") return inside(node.part, `${pointer}/not`);
  return node.parts.flatMap((part, i) => inside(part, `${pointer}/${node.kind}/${i}`));
}

function leafIssues(
  leaf: Leaf,
  fields: ConditionFields,
  pointer: string,
  use: ConditionUse,
): ProblemDetail[] {
  const field = findField(fields, leaf.field);
  if (!field || (use === "search" && !field.stored)) {
    const known = [...fields.named.values()].filter(({ stored }) => use === "rule" || stored);
    const meant = nearestWord(
      leaf.field,
      known.map(({ path }) => path),
    );
    const detail = field
      ? `A search cannot look at ${leaf.field}; it is known to rules only, or its custom field is not filterable.`
      : `There is no field ${leaf.field}.${meant ? ` Did you mean ${meant}?` : ""}`;
    return [{ pointer: `${pointer}/field`, code: "unknown-field", detail }];
  }
  const operator = conditionOperators[leaf.op];
  if (!operator.types.has(field.type) || (use === "search" && !operator.toQuery)) {
    const fitting = Object.entries(conditionOperators)
      .filter(([, { types, toQuery }]) => types.has(field.type) && (use === "rule" || toQuery))
      .map(([name]) => name);
    const what = field.type.replace("_", " ");
    const detail = `${leaf.op} does not fit ${leaf.field}, which is a ${what}. Use one of ${fitting.join(", ")}.`;
    return [{ pointer: `${pointer}/op`, code: "operator-mismatch", detail }];
  }
  return valueIssues(field, leaf, pointer);
}

function valueIssues(field: ConditionField, leaf: Leaf, pointer: string): ProblemDetail[] {
  const place = `${pointer}/value`;
  if (expectedOf(field, leaf).unreadable) {
    const detail = `${leaf.field} holds ${shapes[field.type]}; this is none.`;
    return [{ pointer: place, code: "invalid-value", detail }];
  }
  const { options } = field;
  if (!options || !exactOperators.has(leaf.op)) return [];
  const given = [leaf.value].flat().filter((value) => typeof value === "string");
  return given
    .filter((value) => !options.some((option) => option.toLowerCase() === value.trim().toLowerCase()))
    .map((value) => {
      const meant = nearestWord(value, options);
      const hint = meant ? ` Did you mean ${meant}?` : ` It is one of ${options.slice(0, 20).join(", ")}.`;
      return { pointer: place, code: "invalid-value", detail: `${leaf.field} never has this value.${hint}` };
    });
}

const exactOperators: ReadonlySet<string> = new Set([
  "equals",
  "not_equals",
  "in",
  "not_in",
  "any_of",
  "none_of",
]);

const shapes = {
  text: "a text",
  text_list: "texts",
  key: "a key",
  id: "an id",
  number: "a number",
  boolean: "true or false",
  time: "a time such as 2026-12-01T09:00:00.000Z",
  day: "a day such as 2026-12-01",
  any: "anything",
} as const;
