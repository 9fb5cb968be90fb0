import { isDeepStrictEqual } from "node:util";

/** The fields of `after` whose value differs from `before`. */
export function changedFields(before: object, after: object): Record<string, unknown> {
  const old = new Map<string, unknown>(Object.entries(before));
  const entries = Object.entries<unknown>({ ...after });
  return Object.fromEntries(entries.filter(([name, value]) => !isDeepStrictEqual(value, old.get(name))));
}

/** The same as events show it: before and after, per field, of the fields in `names`. */
export function fieldChanges(
  before: object,
  after: object,
  names: ReadonlySet<string>,
): Record<string, { from: unknown; to: unknown }> {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.fromEntries(
    Object.entries(changedFields(before, after))
      .filter(([name]) => names.has(name))
      .map(([name, to]) => [name, { from: old.get(name) ?? null, to }]),
  );
}
