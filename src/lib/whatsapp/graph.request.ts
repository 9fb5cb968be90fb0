/** One call to Meta's Graph API, and what may be concluded from how it ended. */
import type * as z from "zod";
import { graphErrorEnvelopeSchema } from "../../contracts/graph.contract";
import { env } from "../env/env";

const maxAnswerBytes = 8 * 1024 * 1024;

/** What Meta said was wrong. `code` decides what to do, `detail` is Meta's own sentence: for the tenant, not the log. */
export interface GraphFault {
  readonly code: number;
  readonly subcode: number | null;
  readonly detail: string;
  readonly traceId: string | null;
}

export type GraphAnswer<T> =
  | { readonly kind: "ok"; readonly data: T }
  /** An answer with Meta's error envelope. */
  | {
      readonly kind: "fault";
      readonly status: number;
      readonly fault: GraphFault;
      readonly retryAfterMs: number | null;
    }
  /** Refused without the envelope, by something in front of Meta. */
  | { readonly kind: "rejected"; readonly status: number; readonly retryAfterMs: number | null }
  /** The request was never written: nothing can have happened. */
  | { readonly kind: "not_reached"; readonly reason: string }
  /** It may or may not have happened: a timeout, a reset after writing, an answer that cannot be read. */
  | { readonly kind: "unclear"; readonly reason: string };

export interface GraphRequest<S extends z.ZodType> {
  readonly method: "GET" | "POST" | "DELETE";
  /** Without the version, e.g. `/123/messages`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly token: string;
  readonly json?: unknown;
  readonly form?: FormData;
  readonly answer: S;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /**
   * Opens a connection for this call alone. A reset of a kept connection says nothing about whether the request was
   * written; on a fresh one, a refused connection proves that it was not.
   */
  readonly freshConnection?: boolean;
}

/** Calls Graph. Never throws for what Meta or the network does: the answer says it. */
export async function callGraph<S extends z.ZodType>(
  request: GraphRequest<S>,
): Promise<GraphAnswer<z.output<S>>> {
  const { GRAPH_BASE_URL, GRAPH_API_VERSION, GRAPH_TIMEOUT_MS } = env();
  const url = new URL(`${GRAPH_BASE_URL.replace(/\/$/, "")}/${GRAPH_API_VERSION}${request.path}`);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const timeout = AbortSignal.timeout(request.timeoutMs ?? GRAPH_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: request.method,
      redirect: "manual",
      signal: request.signal ? AbortSignal.any([timeout, request.signal]) : timeout,
      headers: {
        authorization: `Bearer ${request.token}`,
        "user-agent": "ecod",
        ...(request.json === undefined ? {} : { "content-type": "application/json" }),
        ...(request.freshConnection ? { connection: "close" } : {}),
      },
      ...bodyOf(request),
    });
    return readAnswer(response, await readText(response), request.answer);
  } catch (error) {
    const reason = failureCode(error);
    return wasNeverWritten(error) ? { kind: "not_reached", reason } : { kind: "unclear", reason };
  }
}

function bodyOf({ json, form }: GraphRequest<z.ZodType>): { body?: string | FormData } {
  if (form) return { body: form };
  return json === undefined ? {} : { body: JSON.stringify(json) };
}

function readAnswer<S extends z.ZodType>(
  response: Response,
  text: string,
  schema: S,
): GraphAnswer<z.output<S>> {
  const body = parseJson(text);
  const { status } = response;
  const retryAfterMs = retryAfter(response.headers.get("retry-after"));
  // Meta's envelope speaks louder than the status beside it.
  const envelope = graphErrorEnvelopeSchema.safeParse(body);
  if (envelope.success) {
    const { code, message, error_subcode, error_data, error_user_msg, fbtrace_id } = envelope.data.error;
    const fault = {
      code,
      subcode: error_subcode ?? null,
      detail: error_data?.details ?? error_user_msg ?? message ?? "",
      traceId: fbtrace_id ?? null,
    };
    return { kind: "fault", status, fault, retryAfterMs };
  }
  if (response.ok) {
    const parsed = schema.safeParse(body);
    if (parsed.success) return { kind: "ok", data: parsed.data };
    return { kind: "unclear", reason: "unreadable-answer" };
  }
  // 408 and every 5xx without the envelope come from a gateway that may have passed the request on before.
  if (status >= 400 && status < 500 && status !== 408) return { kind: "rejected", status, retryAfterMs };
  return { kind: "unclear", reason: `http-${status}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxAnswerBytes) throw new Error("answer too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Retry-After in seconds or as a date. */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

const connectFailures = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Only what fails before the first byte of the request proves that nothing happened. */
function wasNeverWritten(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return false;
  if ("syscall" in cause && (cause.syscall === "connect" || cause.syscall === "getaddrinfo")) return true;
  return connectFailures.has(failureCode(error));
}

/** A short code for logs and rows, e.g. `ECONNRESET`, `TimeoutError`; never a message, which may quote addresses. */
export function failureCode(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
}
