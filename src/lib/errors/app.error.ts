import { type ProblemCode, problemCatalog } from "./problem.catalog";

/** One thing wrong with one place of the request; `pointer` is a JSON pointer such as `/phone` or `/query/limit`. */
export interface ProblemDetail {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

export interface AppErrorOptions {
  readonly errors?: readonly ProblemDetail[];
  /** Only for the log; never shown. */
  readonly cause?: unknown;
  /** Extra members of the problem body, e.g. the twin of a duplicate or the current state after a 412. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Sent as Retry-After, in whole seconds. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An expected failure with its code of the catalogue. `detail` is shown to the caller: what happened, why, and what
 * to do, without echoing values.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly options: AppErrorOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.status = problemCatalog[code].status;
  }
}
