/**
 * How long a failed job waits before its next attempt, in ms: exponential with full jitter, so that jobs which failed
 * together do not come back together.
 * @param attempt the attempt that failed, from 1.
 */
export function backOffMs(attempt: number, policy: { backoffMs: number; maxBackoffMs: number }): number {
  const longest = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** (attempt - 1));
  return Math.round(Math.random() * longest);
}
