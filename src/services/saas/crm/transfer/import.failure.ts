/** The whole file cannot be taken: what is wrong with it, for the person who sent it. */
export class ImportFailure extends Error {
  override readonly name = "ImportFailure";

  constructor(
    readonly code: string,
    /** Our sentence; never content of the file. */
    readonly detail: string,
    cause?: unknown,
  ) {
    super(detail, { cause });
  }
}

/** The import was cancelled, or somebody else goes on with it: stop without a trace. */
export class ImportTaken extends Error {
  override readonly name = "ImportTaken";
}
