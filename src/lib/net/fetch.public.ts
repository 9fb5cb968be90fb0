/** Fetching what a caller's URL leads to: only public hosts, over addresses that were checked, and only so much. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { AppError } from "../errors/app.error";
import { type ResolvedAddress, requirePublicUrl } from "./public.address";

const mostRedirects = 3;
/** Until the answer's head is there. */
const answerTimeoutMs = 10_000;

export interface PublicDownload {
  /** As the server names it, or null. */
  readonly contentType: string | null;
  readonly contentLength: number | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The server of a caller's URL did not give it; trying again may help. */
export class PublicFetchError extends Error {
  override readonly name = "PublicFetchError";
  constructor(
    readonly status: number | null,
    reason: string,
  ) {
    super(`The address could not be fetched: ${reason}.`);
  }
}

/**
 * Gets a caller's URL as a stream. Each redirect, three at most, is checked like the first address.
 * @throws AppError url-not-allowed, not-found when the server says so (401, 403, 404, 410), PublicFetchError otherwise.
 */
export async function fetchPublic(address: string, signal: AbortSignal): Promise<PublicDownload> {
  let next = address;
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const { url, addresses } = await requirePublicUrl(next);
    const answer = await ask(url, addresses, { signal, headers: { accept: "*/*" } });
    const status = answer.statusCode ?? 0;
    const { location } = answer.headers;
    if (status >= 300 && status < 400 && location !== undefined && URL.canParse(location, url.href)) {
      answer.destroy();
      next = new URL(location, url).href;
      continue;
    }
    if (status === 200) return downloadOf(answer);
    answer.destroy();
    if ([401, 403, 404, 410].includes(status)) {
      throw new AppError("not-found", `The link answers HTTP ${status}. Give one that anybody can open.`);
    }
    throw new PublicFetchError(status, `HTTP ${status}`);
  }
  throw new AppError("url-not-allowed", "The link redirects too often. Give the address that it leads to.");
}

function downloadOf(answer: IncomingMessage): PublicDownload {
  const length = Number(answer.headers["content-length"] ?? Number.NaN);
  return {
    contentType: answer.headers["content-type"] ?? null,
    contentLength: Number.isSafeInteger(length) ? length : null,
    bytes: answer,
  };
}

/** What is asked of a checked address. */
export interface PublicRequest {
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  /** POSTed; without it the address is fetched by GET. */
  readonly body?: Buffer;
}

/** One request to one of the addresses that were checked. @throws PublicFetchError when there is no answer in time. */
export function ask(
  url: URL,
  addresses: readonly ResolvedAddress[],
  { signal, headers, body }: PublicRequest,
): Promise<IncomingMessage> {
  const begin = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request: ClientRequest = begin(
      url,
      {
        signal,
        method: body ? "POST" : "GET",
        lookup: only(addresses),
        agent: false,
        headers: {
          "user-agent": "ecod",
          "accept-encoding": "identity",
          ...(body ? { "content-length": String(body.length) } : {}),
          ...headers,
        },
      },
      (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
    );
    const timer = setTimeout(() => request.destroy(new Error("no answer in time")), answerTimeoutMs);
    request.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new PublicFetchError(null, error.code ?? error.name));
    });
    request.end(body);
  });
}

/** Answers every look-up with the addresses that were checked. */
function only(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (!first) callback(new Error("no address"), "", 4);
    else if (options.all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}
