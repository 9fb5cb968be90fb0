import { isDeepStrictEqual } from "node:util";

/** Fields with their value before and after, as events tell of them. */
export type FieldChanges = Record<string, { from: unknown; to: unknown }>;

/** The fields of `after` whose value differs from `before`. */
export function changedFields(before: object, after: object): Record<string, unknown> {
  const old = new Map<string, unknown>(Object.entries(before));
  const entries = Object.entries<unknown>({ ...after });
  return Object.fromEntries(entries.filter(([name, value]) => !isDeepStrictEqual(value, old.get(name))));
}

/** The same as events show it: before and after, per field, of the fields in `names`. */
export function fieldChanges(before: object, after: object, names: ReadonlySet<string>): FieldChanges {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.fromEntries(
    Object.entries(changedFields(before, after))
      .filter(([name]) => names.has(name))
      .map(([name, to]) => [name, { from: old.get(name) ?? null, to }]),
  );
}

/** What every resource has beside what people change of it. */
const bookkeeping = new Set(["id", "version", "createdAt", "updatedAt"]);

/** Before and after of every field in which two states differ, as the API shows them; null: there is no such state. */
export function shownChanges(before: object | null, after: object | null): FieldChanges {
  const [old, fresh] = [
    new Map<string, unknown>(entriesOf(before)),
    new Map<string, unknown>(entriesOf(after)),
  ];
  const names = [...new Set([...old.keys(), ...fresh.keys()])].filter((name) => !bookkeeping.has(name));
  return Object.fromEntries(
    names
      .map((name) => [name, { from: old.get(name) ?? null, to: fresh.get(name) ?? null }] as const)
      .filter(([, { from, to }]) => !isDeepStrictEqual(from, to)),
  );
}

function entriesOf(state: object | null): [string, unknown][] {
  return Object.entries(state ?? {});
}
