import type { ProblemDetail } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { templateSyntaxProblem } from "./render";
import type { RuleDefinition } from "./rule.contract";

/**
 * Refuses at save what the schema cannot see: texts whose variables do not parse.
 * @throws AppError validation-failed with a pointer to each.
 */
export function checkRule(definition: RuleDefinition): void {
  const errors = textsOf(definition, "/definition").flatMap(({ pointer, text }): ProblemDetail[] => {
    const problem = templateSyntaxProblem(text);
    return problem ? [{ pointer, code: "invalid-template", detail: `This text ${problem}.` }] : [];
  });
  if (errors.length > 0) throw invalidRequest(errors);
}

function textsOf(value: unknown, pointer: string): { pointer: string; text: string }[] {
  if (typeof value === "string")
    return value.includes("{{") || value.includes("{%") ? [{ pointer, text: value }] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, `${pointer}/${key}`));
}
