/** Rules and their versions, as the API shows them. The rule's own JSON is `services/saas/automation/rule.contract`. */
import * as z from "zod";
import { ruleProblemSchema } from "./automation.problem.contract";
import { actorSchema, objectIdSchema, timestampSchema, versionSchema } from "./common.contract";

/** Envelope of a rule; `definition` is filled in with the rule grammar. */
export function automationRuleSchema<T extends z.ZodType>(definition: T) {
  return z
    .object({
      id: objectIdSchema,
      name: z.string().meta({ description: "Name.", example: "Welcome" }),
      description: z.string().nullable().meta({ description: "What it is for; null: not said." }),
      enabled: z.boolean().meta({ description: "Whether new runs may begin." }),
      priority: z
        .number()
        .int()
        .meta({ description: "Of several rules the lower one acts first.", example: 100 }),
      state: z
        .enum(["draft", "published", "archived"])
        .meta({ description: "`draft`: never published.", example: "published" }),
      publishedVersion: z
        .number()
        .int()
        .nullable()
        .meta({ description: "The version that new runs follow; null: none was published.", example: 2 }),
      hasUnpublishedChanges: z
        .boolean()
        .meta({ description: "Whether the draft differs from the published version." }),
      definition: definition
        .nullable()
        .meta({ description: "The draft; null when this release cannot read it." }),
      problems: z.array(ruleProblemSchema).meta({
        description:
          "What keeps it from working now, such as a stage that was deleted: of the version that runs, or of the draft " +
          "while none is published.",
      }),
      createdBy: actorSchema,
      version: versionSchema,
      createdAt: timestampSchema,
      updatedAt: timestampSchema,
    })
    .meta({ id: "AutomationRule", description: "A rule: what starts it and what it does." });
}

export const pendingRunsSchema = z.enum(["keep", "cancel", "restart"]).meta({
  description:
    "What becomes of runs that live: they stay with their version, are cancelled, or begin the new one from its start.",
  example: "keep",
});

export const publishInputSchema = z
  .strictObject({ pendingRuns: pendingRunsSchema.default("keep") })
  .meta({ id: "AutomationPublishInput" });

export const rollbackInputSchema = z
  .strictObject({
    version: z.number().int().min(1).meta({ description: "The version to go back to.", example: 1 }),
    pendingRuns: pendingRunsSchema.default("keep"),
  })
  .meta({ id: "AutomationRollbackInput" });

export const ruleDiffSchema = z
  .object({
    from: z.number().int().meta({ description: "The version that is compared.", example: 1 }),
    to: z.number().int().meta({ description: "The version that it is compared with.", example: 2 }),
    changes: z
      .array(
        z.object({
          pointer: z
            .string()
            .meta({ description: "Place in the definition.", example: "/steps/s1/template" }),
          kind: z
            .enum(["added", "removed", "changed"])
            .meta({ description: "What happened to it.", example: "changed" }),
          from: z.unknown().meta({ description: "What stood there; absent when it was added." }),
          to: z.unknown().meta({ description: "What stands there; absent when it was removed." }),
        }),
      )
      .meta({ description: "One for each place that differs." }),
  })
  .meta({
    id: "AutomationDiff",
    description: "What differs between two versions; steps are told apart by id.",
  });
export type RuleDiff = z.infer<typeof ruleDiffSchema>;

/** A version as the API shows it; `definition` is filled in with the rule grammar. */
export function automationVersionSchema<T extends z.ZodType>(definition: T) {
  return z
    .object({
      n: z.number().int().meta({ description: "Number of the version, from 1.", example: 2 }),
      current: z.boolean().meta({ description: "New runs follow it." }),
      readable: z.boolean().meta({ description: "False when this release cannot read it." }),
      definition: definition
        .nullable()
        .meta({ description: "What was published; null when this release cannot read it." }),
      pendingRuns: pendingRunsSchema,
      publishedBy: actorSchema,
      publishedAt: timestampSchema,
    })
    .meta({ id: "AutomationVersion", description: "What was published, unchanged since." });
}
