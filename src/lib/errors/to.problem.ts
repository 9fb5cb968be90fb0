import { mongo } from "mongoose";
import type { Problem } from "../../contracts/problem.contract";
import { isUnreachable } from "../db/connectivity.error";
import { AppError } from "./app.error";
import { type ProblemCode, problemCatalog } from "./problem.catalog";

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Problem;
}

/** Told to callers that must wait when the error itself names no time. */
const defaultRetryAfterSeconds = 5;

/**
 * What any thrown value is to the caller. Unexpected errors become a plain 500 or, when a database does not answer,
 * a 503: their own text may quote values or hosts, so none of it is shown.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isUnreachable(error))
    return new AppError("service-unavailable", "A database does not answer right now. Try again shortly.", {
      cause: error,
    });
  if (ranTooLong(error))
    return new AppError(
      "timed-out",
      "The database could not find this in time. Ask for less at once, or by a field that has an index.",
      { cause: error },
    );
  return new AppError(
    "internal-error",
    "The request failed on our side. Try again; if it keeps failing, report the requestId.",
    { cause: error },
  );
}

/** MongoDB's MaxTimeMSExpired. */
function ranTooLong(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === 50;
}

/** The RFC 9457 answer of an error. `status` follows from the catalogue. */
export function toProblem(error: AppError, requestId: string): ProblemAnswer {
  const { options, code, status } = error;
  const retryAfter =
    options.retryAfterSeconds ?? (status === 429 || status === 503 ? defaultRetryAfterSeconds : undefined);
  return {
    status,
    headers: {
      ...options.headers,
      ...(retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter)) }),
      "content-type": "application/problem+json",
    },
    body: {
      ...options.extensions,
      type: problemType(code),
      title: problemCatalog[code].title,
      status,
      detail: error.detail,
      instance: `urn:ecod:request:${requestId}`,
      code,
      requestId,
      ...(options.errors?.length ? { errors: [...options.errors] } : {}),
    },
  };
}

/** The URI that identifies a kind of problem. */
export function problemType(code: ProblemCode): string {
  return `urn:ecod:problem:${code}`;
}
