/** What is wrong with a rule: told by its check, and of stored rules by themselves. */
import * as z from "zod";

export const ruleProblemSchema = z
  .object({
    severity: z.enum(["error", "warning"]).meta({
      description: "An error is sure to go wrong; a warning may be meant.",
    }),
    pointer: z
      .string()
      .meta({ description: "JSON pointer to the place.", example: "/definition/steps/0/tag" }),
    code: z.string().meta({ description: "What is wrong, for programs.", example: "unknown-variable" }),
    detail: z.string().meta({ description: "What is wrong, for people." }),
    suggestion: z
      .string()
      .nullable()
      .meta({ description: "What was most likely meant.", example: "lead.firstName" }),
  })
  .meta({ id: "AutomationRuleProblem", description: "One thing wrong with one place of a rule." });

export const ruleReviewSchema = z
  .object({
    valid: z.boolean().meta({ description: "It has no errors." }),
    errors: z
      .array(ruleProblemSchema)
      .meta({ description: "What has to be mended before it can be published." }),
    warnings: z.array(ruleProblemSchema).meta({ description: "What is odd and may be meant." }),
  })
  .meta({ id: "AutomationRuleReview", description: "What is wrong with a rule, and what is only odd." });
export type RuleProblem = z.infer<typeof ruleProblemSchema>;
export type RuleReview = z.infer<typeof ruleReviewSchema>;
