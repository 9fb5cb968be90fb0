/** What the driver's errors tell about the way to a database, as opposed to what was asked of it. */

const unreachableNames = new Set([
  "MongoServerSelectionError",
  "MongooseServerSelectionError",
  "MongoNetworkError",
  "MongoNetworkTimeoutError",
  "MongoPoolClearedError",
  "MongoPoolClosedError",
  "MongoNotConnectedError",
  "MongoTopologyClosedError",
  "MongoClientClosedError",
  "PoolClearedOnNetworkError",
]);

/** The driver passes on what a large write meets when the other side hangs up in the middle of it. */
const brokenSocketCodes = new Set<unknown>(["EPIPE", "ECONNRESET"]);

/** 18 AuthenticationFailed, 8000 Atlas's own, 13 Unauthorized, 11 UserNotFound. */
const authenticationCodes = new Set([18, 8000, 13, 11]);

/** The servers did not answer. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return unreachableNames.has(error.name) || ("code" in error && brokenSocketCodes.has(error.code));
}

/** The servers refused our credentials, which may have been rotated. */
export function isAuthenticationFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "number" && authenticationCodes.has(code)) return true;
  return error.cause !== undefined && isAuthenticationFailure(error.cause);
}
