/** One POST of one body, and what came back. */

export interface Attempt {
  at: string;
  ms: number;
  /** HTTP status, or undefined when there was no answer. */
  status: number | undefined;
  error: string | undefined;
  /** The first characters of the answer's body. */
  body: string;
}

const timeoutMs = 20_000;
const keptBody = 2000;

export async function postWebhook(
  url: string,
  bytes: Buffer,
  headers: Record<string, string>,
  stopped: AbortSignal,
): Promise<Attempt> {
  const startedAt = Date.now();
  const outcome = (status: number | undefined, error: string | undefined, body: string): Attempt => ({
    at: new Date(startedAt).toISOString(),
    ms: Date.now() - startedAt,
    status,
    error,
    body: body.slice(0, keptBody),
  });
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), stopped]);
    const response = await fetch(url, { method: "POST", body: bytes, headers, signal, redirect: "manual" });
    return outcome(response.status, undefined, await response.text());
  } catch (cause) {
    const why =
      cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : "";
    return outcome(undefined, why || "no answer", "");
  }
}
