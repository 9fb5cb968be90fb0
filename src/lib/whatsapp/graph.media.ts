/** @see https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media */
import { mediaAnswerSchema, uploadAnswerSchema } from "../../contracts/graph.contract";
import { AppError } from "../errors/app.error";
import { dataOf, GraphCallError } from "./graph.call.error";
import { callGraph, failureCode } from "./graph.request";
import { requireMetaUrl } from "./meta.url";

const downloadTimeoutMs = 120_000;
const uploadTimeoutMs = 120_000;

export interface MediaLookUp {
  /** Good for five minutes. */
  readonly url: string;
  readonly mime: string;
  /** Hex or base64, as Meta's versions differ; null when absent. */
  readonly sha256: string | null;
  readonly size: number | null;
}

/** Asks Meta where a media item can be fetched. @throws GraphCallError */
export async function lookUpMedia(input: {
  token: string;
  mediaId: string;
  phoneNumberId?: string;
  signal?: AbortSignal;
}): Promise<MediaLookUp> {
  const { url, mime_type, sha256, file_size } = dataOf(
    await callGraph({
      method: "GET",
      path: `/${encodeURIComponent(input.mediaId)}`,
      ...(input.phoneNumberId === undefined ? {} : { query: { phone_number_id: input.phoneNumberId } }),
      token: input.token,
      answer: mediaAnswerSchema,
      signal: input.signal,
    }),
  );
  return { url, mime: mime_type, sha256: sha256 ?? null, size: file_size ?? null };
}

/**
 * Fetches media with the bearer token, as a stream that stops at the cap. Only Meta's own hosts get the token.
 * @throws GraphCallError (status 404: the address has expired, look it up again), AppError `url-not-allowed`, and, also
 * while reading, AppError `media-unsupported` for more bytes than are taken: to fetch it again would not help.
 */
export async function downloadMedia(input: {
  token: string;
  url: string;
  maxBytes: number;
  signal?: AbortSignal;
}): Promise<{ contentType: string | null; contentLength: number | null; bytes: AsyncIterable<Uint8Array> }> {
  const url = requireMetaUrl(input.url);
  const timeout = AbortSignal.timeout(downloadTimeoutMs);
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { authorization: `Bearer ${input.token}`, "user-agent": "ecod" },
      redirect: "manual",
      signal: input.signal ? AbortSignal.any([timeout, input.signal]) : timeout,
    });
  } catch (error) {
    throw new GraphCallError("unclear", null, null, null, failureCode(error));
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new GraphCallError("rejected", null, response.status, null, `HTTP ${response.status}`);
  }
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const contentLength = Number.isSafeInteger(length) ? length : null;
  if (contentLength !== null && contentLength > input.maxBytes) {
    await response.body.cancel();
    throw tooLarge(input.maxBytes);
  }
  return {
    contentType: response.headers.get("content-type"),
    contentLength,
    bytes: capped(response.body, input.maxBytes),
  };
}

async function* capped(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new GraphCallError("unclear", null, null, null, failureCode(error));
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    "media-unsupported",
    `The file is larger than the ${maxBytes} bytes that are taken from WhatsApp. Ask for a smaller one.`,
  );
}

/** Hands media to Meta for sending; the id is good for 30 days. @throws GraphCallError */
export async function uploadMedia(input: {
  token: string;
  phoneNumberId: string;
  mime: string;
  fileName: string;
  bytes: Blob | Uint8Array<ArrayBuffer>;
  signal?: AbortSignal;
}): Promise<{ mediaId: string }> {
  const form = new FormData();
  form.set("messaging_product", "whatsapp");
  form.set("type", input.mime);
  const blob = new Blob([input.bytes], { type: input.mime });
  form.set("file", blob, input.fileName);
  const { id } = dataOf(
    await callGraph({
      method: "POST",
      path: `/${encodeURIComponent(input.phoneNumberId)}/media`,
      token: input.token,
      form,
      answer: uploadAnswerSchema,
      timeoutMs: uploadTimeoutMs,
      signal: input.signal,
    }),
  );
  return { mediaId: id };
}
