/** Handing something to a caller's URL, under the same checks as fetching from one. */
import { ask, PublicFetchError } from "./fetch.public";
import { requirePublicUrl } from "./public.address";

/** From the connection to the end of the answer. */
const longestMs = 15_000;
/** What is read of an answer; the rest is left unread. */
const mostAnswerBytes = 64 * 1024;

export interface PublicAnswer {
  readonly status: number;
  /** Seconds that the server asks to wait, of a 429 or 503; null when it does not say. */
  readonly retryAfterSeconds: number | null;
}

/**
 * POSTs a body to a caller's URL. A redirect is an answer like any other: what is signed for one address is not
 * carried to another.
 * @throws AppError url-not-allowed; PublicFetchError when no answer comes.
 */
export async function postPublic(
  address: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<PublicAnswer> {
  const { url, addresses } = await requirePublicUrl(address);
  const answer = await ask(url, addresses, { signal: AbortSignal.timeout(longestMs), headers, body });
  const status = answer.statusCode ?? 0;
  try {
    let read = 0;
    for await (const chunk of answer) {
      read += Buffer.isBuffer(chunk) ? chunk.length : 0;
      if (read > mostAnswerBytes) break;
    }
  } catch {
    throw new PublicFetchError(status, "the answer broke off");
  } finally {
    answer.destroy();
  }
  const seconds = Number(answer.headers["retry-after"] ?? Number.NaN);
  return { status, retryAfterSeconds: Number.isFinite(seconds) && seconds >= 0 ? seconds : null };
}
