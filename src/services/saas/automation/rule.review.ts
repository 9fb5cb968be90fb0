/** Looks a rule over without storing it: everything that is wrong, and what is only odd. */

import type { RuleReview } from "../../../contracts/automation.insight.contract";
import { suggestionIn } from "../../../contracts/suggestion";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { validationDetails } from "../../../lib/http/validation.problem";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { referenceProblems } from "./reference.problems";
import { ownProblems } from "./rule.check";
import { ruleDefinitionSchema } from "./rule.contract";
import type { RuleProblem } from "./rule.problem";

const pointer = "/definition";

/** Nothing is thrown for a wrong rule: its problems are the answer. */
export async function reviewRule(ctx: TenantContext, definition: unknown): Promise<RuleReview> {
  const parsed = ruleDefinitionSchema.safeParse(definition);
  const problems = parsed.success
    ? await problemsOf(ctx, parsed.data)
    : validationDetails(parsed.error, pointer).map((detail) => ({ ...detail, severity: "error" as const }));
  const listed = problems.map((problem) => ({ ...problem, suggestion: suggestionIn(problem.detail) }));
  const errors = listed.filter(({ severity }) => severity === "error");
  return {
    valid: errors.length === 0,
    errors,
    warnings: listed.filter(({ severity }) => severity === "warning"),
  };
}

async function problemsOf(
  ctx: TenantContext,
  definition: Parameters<typeof referenceProblems>[1],
): Promise<RuleProblem[]> {
  const { CustomField } = await getCrmModels(ctx.clientCode);
  const [customFields, references] = await Promise.all([
    CustomField.find({}).lean(),
    referenceProblems(ctx, definition, pointer),
  ]);
  return [...ownProblems(definition, customFields, pointer), ...references];
}
