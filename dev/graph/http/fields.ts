/** `?fields=a,b{c}`: which properties of an object a caller wants. */

/** The object cut to the asked fields; `id` always stays, unknown names are ignored. */
export function pickFields(
  object: Readonly<Record<string, unknown>>,
  fields: string | null,
  defaults: readonly string[],
): Record<string, unknown> {
  const wanted = new Set(fields ? fieldNames(fields) : defaults);
  wanted.add("id");
  return Object.fromEntries(
    Object.entries(object).filter(([name, value]) => wanted.has(name) && value !== undefined),
  );
}

/** Top-level names only: what stands in braces asks for parts of a field. */
function fieldNames(fields: string): string[] {
  return fields
    .replace(/\{[^}]*\}/g, "")
    .split(",")
    .map((name) => name.trim());
}
