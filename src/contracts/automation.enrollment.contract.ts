/** Starting a rule for everybody whom a search finds, with progress. */
import * as z from "zod";
import { automationDecisionSchema } from "./automation.run.contract";
import { actorSchema, objectIdSchema, timestampSchema, versionSchema } from "./common.contract";

export const enrollmentStateSchema = z.enum(["queued", "running", "done", "failed", "cancelled"]);

export const automationEnrollmentSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    ruleId: objectIdSchema.meta({ description: "The rule." }),
    state: enrollmentStateSchema.meta({
      description: "`done`: the rule was told of every lead; its runs may still go on.",
      example: "running",
    }),
    search: z.record(z.string(), z.unknown()).meta({
      description:
        "The condition and the words that it goes by; a saved search's as they were when it was asked.",
    }),
    total: z.number().int().nullable().meta({ description: "Leads that the search had when it began." }),
    told: z.number().int().meta({ description: "Leads that the rule was told of so far.", example: 2_500 }),
    progress: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: "Share of the leads told of, 0 to 1.", example: 0.25 }),
    outcomes: z
      .array(
        z.object({
          outcome: automationDecisionSchema.shape.outcome,
          leads: z.number().int().meta({ description: "How many leads.", example: 2_490 }),
        }),
      )
      .nullable()
      .meta({ description: "What the rule decided about them; null in lists. Counted for 30 days." }),
    failure: z
      .object({
        code: z.string().meta({ description: "A code of the problems.", example: "invalid-state" }),
        detail: z.string().meta({ description: "What happened, and what to do." }),
      })
      .nullable()
      .meta({ description: "Why it failed; null: it did not." }),
    createdBy: actorSchema,
    createdAt: timestampSchema,
    startedAt: timestampSchema.nullable().meta({ description: "When the first lead was told of." }),
    endedAt: timestampSchema.nullable().meta({ description: "When it was over." }),
  })
  .meta({ id: "AutomationEnrollment", description: "A rule that is started for everybody in a search." });
export type AutomationEnrollment = z.input<typeof automationEnrollmentSchema>;
