import type { Comparison, FieldType, StoredField } from "./field";

/** A leaf as a query sees it. */
export interface Queried {
  readonly stored: StoredField;
  readonly type: FieldType;
  readonly expected: unknown;
  readonly caseSensitive: boolean;
  readonly now: Date;
}

/** A filter for MongoDB, its operators wrapped in mongoose's `trusted()`. */
export type StoredFilter = Record<string, unknown>;

/** One operator of the grammar: what it fits, what it says of a value, and which documents it finds. */
export interface ConditionOperator {
  readonly types: ReadonlySet<FieldType>;
  readonly evaluate: (it: Comparison) => boolean;
  /** The documents for which `evaluate` is true; absent for what only an event can tell. */
  readonly toQuery?: (it: Queried) => StoredFilter;
}

/** The opposite: true wherever the other is false, also on what is missing. */
export function negated({ types, evaluate, toQuery }: ConditionOperator): ConditionOperator {
  return {
    types,
    evaluate: (it) => !evaluate(it),
    ...(toQuery ? { toQuery: (it) => ({ $nor: [toQuery(it)] }) } : {}),
  };
}

export const everyType: ReadonlySet<FieldType> = new Set([
  "text",
  "text_list",
  "key",
  "id",
  "number",
  "boolean",
  "time",
  "day",
  "any",
]);

/** A filter that no document passes. */
export const noDocument: StoredFilter = { $nor: [{}] };
