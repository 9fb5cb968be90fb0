/** JSON Schemas of the catalogue's own: of what fields hold, what operators take, and what events tell. */
import { type Operator, operators, operatorValues } from "../../../contracts/condition.contract";
import type { FieldType } from "../../../lib/condition";
import type { EventField } from "./trigger.data";

type JsonSchema = Record<string, unknown>;

const ofType: Readonly<Record<FieldType, JsonSchema>> = {
  text: { type: "string" },
  text_list: { type: "array", items: { type: "string" } },
  key: { type: "string" },
  id: { type: "string", pattern: "^[0-9a-f]{24}$" },
  number: { type: "number" },
  boolean: { type: "boolean" },
  time: { type: "string", format: "date-time" },
  day: { type: "string", format: "date" },
  any: {},
};

/** What a field holds; `options` where its values are few. */
export function valueSchema(type: FieldType, options: readonly string[] | null = null): JsonSchema {
  const schema = ofType[type];
  if (options === null) return schema;
  return type === "text_list"
    ? { ...schema, items: { type: "string", enum: [...options] } }
    : { ...schema, enum: [...options] };
}

const scalar: JsonSchema = { type: ["string", "number", "boolean", "null"] };

const ofValue: Readonly<Record<(typeof operatorValues)[Operator], JsonSchema | null>> = {
  one: scalar,
  list: { type: "array", items: scalar, maxItems: 200 },
  range: { type: "array", items: scalar, minItems: 2, maxItems: 2 },
  duration: { type: "string", format: "duration" },
  none: null,
  change: { type: "object", properties: { from: scalar, to: scalar }, additionalProperties: false },
};

/** What an operator takes as its `value`; null when it takes none. */
export const operandSchema = (op: Operator): JsonSchema | null => ofValue[operatorValues[op]];

/** Settings of which exactly one is given. */
export function withOneOf(schema: JsonSchema, names: readonly string[] | undefined): JsonSchema {
  return names ? { ...schema, oneOf: names.map((name) => ({ required: [name] })) } : schema;
}

/** A condition is a leaf, whose value is as its operator takes it, or one of `all`, `any` and `not`. */
export function conditionAlternatives(): JsonSchema[] {
  const kinds = [...new Set(Object.values(operatorValues))];
  const leaves = kinds.map((kind) => {
    const op = { enum: operators.filter((each) => operatorValues[each] === kind) };
    const value = ofValue[kind];
    if (value === null)
      return { properties: { op }, required: ["field", "op"], not: { required: ["value"] } };
    return {
      properties: { op, value },
      required: kind === "change" ? ["field", "op"] : ["field", "op", "value"],
    };
  });
  return [...leaves, ...["all", "any", "not"].map((name) => ({ required: [name] }))];
}

/** The `data` of an event: dotted names are objects within it. */
export function dataSchema(
  fields: Readonly<Record<string, EventField>>,
  { open, required = [] }: { open: boolean; required?: readonly string[] },
): JsonSchema {
  const properties: JsonSchema = {};
  for (const [path, { type, description, options = null }] of Object.entries(fields)) {
    const [name = "", ...rest] = path.split(".");
    const inner = { ...valueSchema(type, options), description };
    properties[name] = rest.length === 0 ? inner : nested(rest, inner);
  }
  return {
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required: [...required] }),
    additionalProperties: open,
  };
}

const nested = ([name = "", ...rest]: readonly string[], inner: JsonSchema): JsonSchema => ({
  type: "object",
  properties: { [name]: rest.length === 0 ? inner : nested(rest, inner) },
});
