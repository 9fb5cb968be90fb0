export interface RetryLaterOptions {
  /** When to try again, in ms from now. Absent: the job's own back-off. */
  readonly delayMs?: number;
  /** False: the attempt is given back, so that waiting for somebody else never makes the job dead. Default true. */
  readonly countsAttempt?: boolean;
  /** Our short code, kept with the job, e.g. `pair-rate-limited`. */
  readonly code: string;
  /** Our sentence, kept with the job: ids and codes, never a phone number, a name or a text. */
  readonly detail: string;
  /** Only for the log. */
  readonly cause?: unknown;
}

/** Thrown by a handler whose work cannot be done now. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
  readonly delayMs: number | undefined;
  readonly countsAttempt: boolean;
  readonly code: string;
  readonly detail: string;

  constructor(options: RetryLaterOptions) {
    super(options.detail, { cause: options.cause });
    this.delayMs = options.delayMs;
    this.countsAttempt = options.countsAttempt ?? true;
    this.code = options.code;
    this.detail = options.detail;
  }
}

/** Thrown by a handler whose work can never be done: the job is dead at once, for a person to look at. */
export class JobFailedForGood extends Error {
  override readonly name = "JobFailedForGood";

  constructor(
    readonly code: string,
    /** Our sentence, kept with the job: ids and codes, never a phone number, a name or a text. */
    readonly detail: string,
    cause?: unknown,
  ) {
    super(detail, { cause });
  }
}

/** Thrown by `enqueue` and `completeWith` when they are given a session that is not of the central database. */
export class ForeignSessionError extends Error {
  override readonly name = "ForeignSessionError";

  constructor() {
    super(
      "Jobs are in the central database: enqueue and completeWith take only the session of inCentralTransaction(). Enqueue after the tenant's change committed, and complete by returning.",
    );
  }
}
