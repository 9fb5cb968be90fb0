/** What is wrong with a rule, and places in it. */
import type { ProblemDetail } from "../../../lib/errors/app.error";

/** An `error` is sure to go wrong; a `warning` is what its author should look at. */
export interface RuleProblem extends ProblemDetail {
  readonly severity: "error" | "warning";
}

export const errorAt = (pointer: string, code: string, detail: string): RuleProblem => ({
  severity: "error",
  pointer,
  code,
  detail,
});
export const warningAt = (pointer: string, code: string, detail: string): RuleProblem => ({
  severity: "warning",
  pointer,
  code,
  detail,
});

/** Everything in a rule's JSON that `pick` wants, with its pointer. */
export function findIn<T>(
  value: unknown,
  pointer: string,
  pick: (value: unknown, name: string) => T | undefined,
  name = "",
): { pointer: string; found: T }[] {
  const found = pick(value, name);
  if (found !== undefined) return [{ pointer, found }];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([inner, child]) => findIn(child, `${pointer}/${inner}`, pick, inner));
}
