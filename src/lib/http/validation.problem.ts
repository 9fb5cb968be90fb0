import type * as z from "zod";
import { AppError, type ProblemDetail } from "../errors/app.error";

type Issue = z.core.$ZodIssue;

/** More than anybody reads; keeps the answer small when a long list is wrong throughout. */
const maxErrors = 50;
const maxPointerLength = 200;

const codes: Record<string, string> = {
  invalid_type: "invalid-type",
  too_big: "too-big",
  too_small: "too-small",
  invalid_format: "invalid-format",
  not_multiple_of: "not-multiple-of",
  unrecognized_keys: "unknown-field",
  invalid_union: "invalid-choice",
  invalid_key: "invalid-key",
  invalid_element: "invalid-element",
  invalid_value: "invalid-value",
  custom: "invalid",
};

/**
 * The 400 of a request that a schema refused: one error per place, by JSON pointer, without the refused values.
 * @param prefix `""` for the body, else `/query`, `/path` or `/header`
 */
export function validationProblem(error: z.ZodError, prefix: string): AppError {
  return invalidRequest(validationDetails(error, prefix));
}

/** The same, place by place. */
export function validationDetails(error: z.ZodError, prefix: string): ProblemDetail[] {
  return error.issues.flatMap((issue) => problemDetails(issue, prefix));
}

/** The 400 of a request that is wrong in these places. */
export function invalidRequest(errors: readonly ProblemDetail[]): AppError {
  const places = errors.length === 1 ? "one place" : `${errors.length} places`;
  return new AppError("validation-failed", `The request is wrong in ${places}; see errors.`, {
    errors: errors.slice(0, maxErrors),
  });
}

function problemDetails(issue: Issue, prefix: string): ProblemDetail[] {
  const pointer = jsonPointer(prefix, issue.path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      pointer: jsonPointer(prefix, [...issue.path, key]),
      code: "unknown-field",
      // A schema that knows its fields says which was meant.
      detail: issue.message.startsWith("Unrecognized key") ? "There is no such field here." : issue.message,
    }));
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const closest = closestBranch(issue.errors);
    return closest.flatMap((inner) => problemDetails(inner, pointer));
  }
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return [{ pointer, code: "required", detail: "Is required." }];
  return [{ pointer, code: codes[issue.code] ?? "invalid", detail: sentence(issue.message) }];
}

/** Of a union's branches the one that the caller most likely meant: it went deepest, then had the fewest complaints. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]): number =>
    Math.max(0, ...issues.map(({ path, code }) => path.length + (code === "unrecognized_keys" ? 1 : 0)));
  return [...branches].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
}

function jsonPointer(prefix: string, path: readonly PropertyKey[]): string {
  const parts = path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`);
  return (prefix + parts.join("")).slice(0, maxPointerLength);
}

function sentence(message: string): string {
  const text = message.replace(/^Invalid input: /, "");
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
