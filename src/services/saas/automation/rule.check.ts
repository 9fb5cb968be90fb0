import { type Condition, conditionSchema } from "../../../contracts/condition.contract";
import { type ConditionFields, checkCondition } from "../../../lib/condition";
import type { ProblemDetail } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import type { DeclaredField } from "../crm/lead.fields";
import { templateSyntaxProblem } from "./render";
import type { RuleDefinition } from "./rule.contract";
import { ruleFields } from "./rule.fields";

/**
 * Refuses at save what the schema cannot see: texts whose variables do not parse, and conditions on fields that do
 * not exist or with operators that do not fit them.
 * @throws AppError validation-failed with a pointer to each.
 */
export function checkRule(definition: RuleDefinition, customFields: readonly DeclaredField[]): void {
  const errors = [...textIssues(definition), ...conditionIssues(definition, ruleFields(customFields))];
  if (errors.length > 0) throw invalidRequest(errors);
}

function conditionIssues(definition: RuleDefinition, fields: ConditionFields): ProblemDetail[] {
  return conditionsOf(definition, "/definition").flatMap(({ pointer, condition }) =>
    checkCondition(condition, fields, { pointer }),
  );
}

/** Where conditions stand in a rule: `conditions`, any `filter`, and what a branch asks. */
const conditionNames = new Set(["conditions", "filter", "when"]);

function conditionsOf(value: unknown, pointer: string): { pointer: string; condition: Condition }[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = `${pointer}/${name}`;
    const condition = conditionNames.has(name) ? conditionSchema.safeParse(inner) : undefined;
    return condition?.success ? [{ pointer: at, condition: condition.data }] : conditionsOf(inner, at);
  });
}

function textIssues(definition: RuleDefinition): ProblemDetail[] {
  return textsOf(definition, "/definition").flatMap(({ pointer, text }): ProblemDetail[] => {
    const problem = templateSyntaxProblem(text);
    return problem ? [{ pointer, code: "invalid-template", detail: `This text ${problem}.` }] : [];
  });
}

function textsOf(value: unknown, pointer: string): { pointer: string; text: string }[] {
  if (typeof value === "string")
    return value.includes("{{") || value.includes("{%") ? [{ pointer, text: value }] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, `${pointer}/${key}`));
}
