/** A request read whole, and the answers a handler may give. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { GraphError } from "../errors/graph.error";

export interface Exchange {
  method: string;
  /** Path without the version, e.g. `/900100200300400/messages`. */
  path: string;
  /** `v24.0`, or undefined for an unversioned call. */
  version: string | undefined;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export type Answer =
  | { status: number; headers?: Record<string, string>; json: unknown }
  | { status: number; headers?: Record<string, string>; bytes: Buffer };

/** A 200 with a JSON body. */
export function ok(json: unknown): Answer {
  return { status: 200, json };
}

/** Above Meta's largest upload (a 100 MB document), so that our own size rule answers first. */
const bodyLimit = 110 * 1024 * 1024;

/** Reads a request to its end. @throws GraphError 100 above 110 MB. */
export async function readExchange(request: IncomingMessage): Promise<Exchange> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > bodyLimit) throw new GraphError(100, { details: "Request body too large", httpStatus: 413 });
    chunks.push(bytes);
  }
  const url = new URL(request.url ?? "/", "http://graph.invalid");
  const versioned = /^\/(v\d+\.\d+)(\/.*)?$/.exec(url.pathname);
  return {
    method: request.method ?? "GET",
    path: versioned ? (versioned[2] ?? "/") : url.pathname,
    version: versioned?.[1],
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks),
  };
}

/** The JSON object of a request; an empty body counts as `{}`, as at Meta. @throws GraphError 100 */
export function jsonObject(exchange: Exchange): Record<string, unknown> {
  if (exchange.body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(exchange.body.toString("utf8"));
  } catch (cause) {
    throw new GraphError(100, { details: `The body is not valid JSON: ${String(cause)}` });
  }
  if (!isRecord(parsed)) throw new GraphError(100, { details: "The body must be a JSON object" });
  return parsed;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
