/** Whether the server refused a write for a unique index; the index by its leading distinctive field when given. */
export function isDuplicateKey(error: unknown, field?: string): boolean {
  if (!(error instanceof Error) || !("code" in error) || error.code !== 11_000) return false;
  if (field === undefined) return true;
  const pattern = "keyPattern" in error ? error.keyPattern : undefined;
  return typeof pattern === "object" && pattern !== null && field in pattern;
}
