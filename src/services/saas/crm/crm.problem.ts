/** The refusals that several parts of the CRM share. */
import { AppError } from "../../../lib/errors/app.error";

/** 404: it does not exist in this tenant; another tenant's ids look the same. */
export function notFound(what: string): AppError {
  return new AppError("not-found", `There is no such ${what}. Check the id.`);
}

/** 422: a field names something that does not exist in this tenant. */
export function invalidReference(pointer: string, what: string): AppError {
  const detail = `It names no ${what} that exists here. Check the id.`;
  return new AppError("invalid-reference", detail, {
    errors: [{ pointer, code: "invalid-reference", detail }],
  });
}

/** 422: the shape is right, but the present state does not allow it. */
export function invalidState(detail: string): AppError {
  return new AppError("invalid-state", detail);
}

/**
 * The one concurrency check: `ifMatch` is the version the caller saw, undefined when the last write may win.
 * @throws AppError precondition-failed, which carries the current state.
 */
export function checkVersion<R extends { version: number }>(
  record: R,
  ifMatch: number | undefined,
  show: (record: R) => unknown,
): void {
  if (ifMatch === undefined || ifMatch === record.version) return;
  throw new AppError(
    "precondition-failed",
    "Somebody changed it since you read it. Take the current state from `current`, apply your change and try again.",
    { extensions: { current: show(record) }, headers: { etag: `"${record.version}"` } },
  );
}
