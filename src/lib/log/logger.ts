import { Logger as PowertoolsLogger } from "@aws-lambda-powertools/logger";
import { env } from "../env/env";

/** Fields of a log line: ids, codes, counts and our own sentences. Never secrets, phone numbers, names or texts. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | null | undefined | readonly string[]>
>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields, error?: unknown): void;
  error(message: string, fields?: LogFields, error?: unknown): void;
  /** A logger whose every line also carries `fields`, e.g. requestId and clientCode. */
  child(fields: LogFields): Logger;
}

/**
 * What of an error may be logged: its class, code and stack without its message, since driver and Graph messages can
 * quote values and host names. Our own AppError's detail is written without values and is kept.
 */
function loggable(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { errorName: typeof error };
  const code =
    "code" in error && (typeof error.code === "string" || typeof error.code === "number")
      ? error.code
      : undefined;
  const frames = error.stack
    ?.split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8);
  const cause = error.cause instanceof Error ? { cause: loggable(error.cause) } : {};
  return {
    errorName: error.name,
    ...(code === undefined ? {} : { errorCode: code }),
    ...(error.name === "AppError" ? { errorDetail: error.message } : {}),
    frames,
    ...cause,
  };
}

/** A child is only its fields: every request makes one, and a child of the library costs a quarter of a millisecond. */
function wrap(base: PowertoolsLogger, carried: LogFields): Logger {
  const line = (fields: LogFields = {}, error?: unknown) => ({
    ...carried,
    ...fields,
    ...(error === undefined ? {} : loggable(error)),
  });
  return {
    debug: (message, fields) => base.debug(message, line(fields)),
    info: (message, fields) => base.info(message, line(fields)),
    warn: (message, fields, error) => base.warn(message, line(fields, error)),
    error: (message, fields, error) => base.error(message, line(fields, error)),
    child: (fields) => wrap(base, { ...carried, ...fields }),
  };
}

let root: Logger | undefined;

/** The process's logger: JSON lines on stdout, level from LOG_LEVEL. */
export function rootLogger(): Logger {
  root ??= wrap(new PowertoolsLogger({ serviceName: "ecod", logLevel: env().LOG_LEVEL }), {});
  return root;
}
