/** What conditions may name: paths, and what their values are. */
import type { Operator } from "../../contracts/condition.contract";

/**
 * `text` is compared without case, `key` (codes, ids of others) exactly, `id` only as a whole; `time` is an instant, `day` a date without one.
 * `any` is for what nobody declared (an event's data): the values themselves decide.
 */
export type FieldType = "text" | "text_list" | "key" | "id" | "number" | "boolean" | "time" | "day" | "any";

/** Where a field's value stands in the documents that are searched. */
export interface StoredField {
  /** Path of the value as it is. */
  readonly path: string;
  /** Path of the text as `foldText` makes it; absent where the stored text is folded already. */
  readonly folded?: string;
  /** Texts are compared as they are spelled, whatever the condition says: there is no folded form. */
  readonly exact?: true;
  /** Values of other types may stand there too, from before the field was declared. */
  readonly mixed?: true;
  /** The stored form of a value; undefined when no document can have it. */
  readonly encode?: (value: unknown) => unknown;
  /** All values there are, for fields whose value is not stored but follows from another (a stage's key). */
  readonly values?: readonly { readonly value: string; readonly stored: readonly unknown[] }[];
}

export interface ConditionField {
  readonly path: string;
  readonly type: FieldType;
  /** All values the field can have, where they are few. */
  readonly options?: readonly string[];
  /** Absent: known to rules only. */
  readonly stored?: StoredField;
}

/** The fields of one place where conditions are used. */
export interface ConditionFields {
  readonly named: ReadonlyMap<string, ConditionField>;
  /** Beginnings of paths behind which everything may be named, e.g. `event.data.`. */
  readonly open: readonly string[];
}

/** The field with this path; undefined when there is none. */
export function findField(fields: ConditionFields, path: string): ConditionField | undefined {
  const named = fields.named.get(path);
  if (named) return named;
  return fields.open.some((prefix) => path.startsWith(prefix)) ? { path, type: "any" } : undefined;
}

/** One leaf, ready to be judged. */
export interface Comparison {
  readonly op: Operator;
  readonly type: FieldType;
  readonly actual: unknown;
  /** The value as the field's type reads it. */
  readonly expected: unknown;
  readonly caseSensitive: boolean;
  readonly now: Date;
  /** What the event says of this field; for changed, increased and decreased. */
  readonly change: { readonly from: unknown; readonly to: unknown } | undefined;
}
