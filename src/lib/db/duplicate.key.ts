/**
 * Whether an error says that a unique index has the value already; with `index`, that very index.
 * Works for mongoose's and the driver's errors, single and bulk.
 */
export function isDuplicateKey(error: unknown, index?: string): boolean {
  if (!(error instanceof Error) || !("code" in error) || error.code !== 11000) return false;
  return index === undefined || error.message.includes(` index: ${index} `);
}
