import { type Condition, conditionSchema } from "../../../contracts/condition.contract";
import { checkCondition } from "../../../lib/condition";
import { invalidRequest } from "../../../lib/http/validation.problem";
import type { Declared } from "./declared";
import type { RuleDefinition } from "./rule.contract";
import { ruleFields } from "./rule.fields";
import { findIn, type RuleProblem } from "./rule.problem";
import { unreachableSteps } from "./rule.reach";
import { conditionPathProblems, variableProblems } from "./rule.variables";

/**
 * What the schema of a rule cannot see and no tenant changes by itself: texts whose variables do not parse or name
 * nothing, conditions on fields that do not exist or with operators that do not fit them, steps without a way to them.
 */
export function ownProblems(
  definition: RuleDefinition,
  { customFields, eventTypes }: Declared,
  pointer = "/definition",
): RuleProblem[] {
  const fields = ruleFields(customFields);
  const words = { definition, fields, eventTypes, pointer };
  const conditions = findIn(definition, pointer, asCondition).flatMap(({ pointer: place, found }) => [
    ...checkCondition(found, fields, { pointer: place }).map((problem) => ({
      ...problem,
      severity: "error" as const,
    })),
    ...conditionPathProblems(found, words, place),
  ]);
  return [...variableProblems(words), ...conditions, ...unreachableSteps(definition, pointer)];
}

/** Where conditions stand in a rule: `conditions`, any `filter`, and what a branch asks. */
const conditionNames = new Set(["conditions", "filter", "when"]);

function asCondition(value: unknown, name: string): Condition | undefined {
  const condition = conditionNames.has(name) ? conditionSchema.safeParse(value) : undefined;
  return condition?.success ? condition.data : undefined;
}

const errorsOf = (problems: readonly RuleProblem[]) =>
  problems
    .filter(({ severity }) => severity === "error")
    .map(({ pointer, code, detail }) => ({ pointer, code, detail }));

/**
 * Refuses at save what would be wrong in any tenant.
 * @throws AppError validation-failed with a pointer to each.
 */
export function checkRule(definition: RuleDefinition, declared: Declared): void {
  const errors = errorsOf(ownProblems(definition, declared));
  if (errors.length > 0) throw invalidRequest(errors);
}
