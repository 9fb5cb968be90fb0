/** Looks rules over without storing them: everything that is wrong, and what is only odd. */
import type { RuleReview, RuleProblem as ShownProblem } from "../../../contracts/automation.problem.contract";
import { suggestionIn } from "../../../contracts/suggestion";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { validationDetails } from "../../../lib/http/validation.problem";
import { readDeclared } from "./declared";
import { type RuleAt, referenceProblems } from "./reference.problems";
import { ownProblems } from "./rule.check";
import { type RuleDefinition, ruleDefinitionSchema } from "./rule.contract";
import type { RuleProblem } from "./rule.problem";

const pointer = "/definition";

/** Nothing is thrown for a wrong rule: its problems are the answer. */
export async function reviewRule(ctx: TenantContext, definition: unknown): Promise<RuleReview> {
  const parsed = ruleDefinitionSchema.safeParse(definition);
  const problems = parsed.success
    ? (await problemsOfRules(ctx, [{ definition: parsed.data, pointer }])).flat()
    : validationDetails(parsed.error, pointer).map((detail) => ({ ...detail, severity: "error" as const }));
  const listed = problems.map(toShown);
  const errors = listed.filter(({ severity }) => severity === "error");
  return {
    valid: errors.length === 0,
    errors,
    warnings: listed.filter(({ severity }) => severity === "warning"),
  };
}

/** What is wrong with each of these rules in this tenant now, in their order. */
export async function problemsOfRules(
  ctx: TenantContext,
  rules: readonly RuleAt[],
): Promise<RuleProblem[][]> {
  if (rules.length === 0) return [];
  const [declared, references] = await Promise.all([readDeclared(ctx), referenceProblems(ctx, rules)]);
  return rules.map((rule, index) => {
    const own = ownProblems(rule.definition, declared, rule.pointer);
    const told = new Set(own.map((problem) => problem.pointer));
    return [...own, ...(references[index] ?? []).filter((problem) => !told.has(problem.pointer))];
  });
}

/**
 * Refuses to publish or enable what cannot work.
 * @throws AppError invalid-reference with a pointer to each name that is not here; missing-variable when only texts for
 * variables of templates are missing.
 */
export async function requireWorkable(
  ctx: TenantContext,
  definition: RuleDefinition,
  at: string = pointer,
): Promise<void> {
  const [problems = []] = await problemsOfRules(ctx, [{ definition, pointer: at }]);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  const places = errors.length === 1 ? "one place" : `${errors.length} places`;
  const code = errors.every((error) => error.code === "missing-variable")
    ? "missing-variable"
    : "invalid-reference";
  throw new AppError(code, `The rule cannot work as it is: it is wrong in ${places}; see errors.`, {
    errors: errors.map(({ pointer: place, code: what, detail }) => ({ pointer: place, code: what, detail })),
  });
}

/** A problem as the API shows it. */
export const toShown = (problem: RuleProblem): ShownProblem => ({
  ...problem,
  suggestion: suggestionIn(problem.detail),
});
