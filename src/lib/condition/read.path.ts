/**
 * Reads a dotted path of plain data. Own properties only, so that `constructor` and `__proto__` lead nowhere.
 * @returns undefined where the path ends early.
 */
export function readPath(scope: Readonly<Record<string, unknown>>, path: string): unknown {
  let value: unknown = scope;
  for (const part of path.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
    value = Object.entries(value).find(([name]) => name === part)?.[1];
  }
  return value;
}
