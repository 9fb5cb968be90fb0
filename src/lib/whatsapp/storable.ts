const maxDepth = 40;

/**
 * A copy of parsed JSON that MongoDB keeps without trouble: keys that would be operators, paths or prototypes are
 * written otherwise (`$x` as `＄x`, `a.b` as `a．b`), NUL is taken out of keys, and what is nested deeper than anybody
 * reads is kept as JSON text.
 */
export function storable(value: Record<string, unknown>): Record<string, unknown> {
  return storableObject(value, 0);
}

function storableValue(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= maxDepth) return JSON.stringify(value);
  if (Array.isArray(value)) return value.map((item) => storableValue(item, depth + 1));
  return storableObject(value, depth + 1);
}

function storableObject(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).map(([key, item]) => [storableKey(key), storableValue(item, depth)]);
  return Object.fromEntries(entries);
}

function storableKey(key: string): string {
  const written = key.replaceAll("\0", "").replaceAll("$", "＄").replaceAll(".", "．");
  return written === "__proto__" ? "＿＿proto＿＿" : written;
}
