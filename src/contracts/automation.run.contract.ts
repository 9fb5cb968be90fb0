/** Runs of rules, the steps they took, and why an event did or did not start one, as the API shows them. */
import * as z from "zod";
import { objectIdSchema, timestampSchema } from "./common.contract";

export const runStatusSchema = z.enum([
  "queued",
  "active",
  "waiting",
  "completed",
  "exited",
  "cancelled",
  "failed",
  "skipped",
]);

/** Of runs that are not over. `queued` ones have not begun: the tenant starts many at once. */
export const livingStatuses = ["queued", "active", "waiting"] as const satisfies readonly z.infer<
  typeof runStatusSchema
>[];

/** What a run may stand still for. */
export const runWaitKindSchema = z.enum(["start", "delay", "event", "window", "cap"]);

export const automationRunSchema = z
  .object({
    id: objectIdSchema,
    ruleId: objectIdSchema.meta({ description: "The rule." }),
    ruleVersion: z
      .number()
      .int()
      .meta({ description: "The version of the rule that it follows.", example: 2 }),
    leadId: objectIdSchema.meta({ description: "The lead that goes through it." }),
    trigger: z
      .object({
        eventId: z.string().meta({ description: "Its id in the log of changes." }),
        type: z.string().meta({ description: "What happened.", example: "lead_created" }),
        occurredAt: timestampSchema,
      })
      .meta({ description: "The event that started it." }),
    status: runStatusSchema.meta({
      description:
        "`queued`: not begun, many start at once. `active`: at work. `waiting`: see `wait`. `exited`: ended before its last step; see `exitReason`. `failed`: see `error`.",
      example: "waiting",
    }),
    exitReason: z.string().nullable().meta({ description: "Why it ended." }),
    stepId: z.string().nullable().meta({ description: "Where it stands." }),
    dueAt: timestampSchema.nullable().meta({ description: "When it goes on." }),
    wait: z
      .object({
        kind: runWaitKindSchema.meta({
          description:
            "`start`: many runs begin at once, and this one has its time; `delay`, `event`: its step says so; " +
            "`window`: the send window is closed; `cap`: rules wrote to the lead often enough.",
        }),
        until: timestampSchema.nullable().meta({ description: "When it goes on by itself; null: never." }),
        events: z.array(z.string()).meta({ description: "What would wake it." }),
        reason: z.string().nullable().meta({ description: "Why, in a sentence; null: `kind` says it all." }),
      })
      .nullable()
      .meta({ description: "What it stands still for." }),
    error: z
      .object({
        code: z.string().meta({ description: "What went wrong, for programs.", example: "opted-out" }),
        detail: z.string().meta({ description: "What went wrong, for people." }),
        stepId: z.string().nullable().meta({ description: "The step that failed; null: none of them." }),
      })
      .nullable()
      .meta({ description: "Why it failed; null: it did not." }),
    startedAt: timestampSchema,
    endedAt: timestampSchema.nullable().meta({ description: "When it ended; null: it lives." }),
  })
  .meta({ id: "AutomationRun", description: "One lead's way through one version of a rule." });
export type AutomationRun = z.infer<typeof automationRunSchema>;

export const traceLineSchema = z
  .object({
    field: z.string().meta({ description: "Path of the value.", example: "lead.source" }),
    op: z.string().meta({ description: "Operator.", example: "equals" }),
    expected: z.unknown().meta({ description: "What the rule asks for.", example: "website" }),
    actual: z.unknown().meta({ description: "What was there.", example: "referral" }),
    passed: z.boolean().meta({ description: "Whether it held." }),
  })
  .meta({ id: "TraceLine", description: "One condition as it was judged." });

export const stepStatusSchema = z.enum(["running", "succeeded", "failed", "skipped"]);

const automationStepSchema = z
  .object({
    stepId: z.string().meta({ description: "Id of the step in the rule.", example: "s1" }),
    type: z.string().meta({ description: "What it does.", example: "send_template" }),
    status: stepStatusSchema.meta({ description: "`running`: begun, or waiting.", example: "succeeded" }),
    input: z
      .record(z.string(), z.unknown())
      .meta({ description: "Its settings, with the values of the variables in them." }),
    output: z.record(z.string(), z.unknown()).meta({ description: "What came of it, such as ids." }),
    iteration: z.number().int().meta({ description: "Rises when the run takes the step again." }),
    trace: z.array(z.lazy(() => traceLineSchema)).meta({ description: "How its conditions were judged." }),
    reason: z.string().nullable().meta({ description: "Why it was skipped, failed or waits." }),
    attempts: z.number().int().meta({ description: "How often it was tried.", example: 1 }),
    scheduledFor: timestampSchema.nullable().meta({ description: "When it goes on, while it waits." }),
    startedAt: timestampSchema,
    endedAt: timestampSchema.nullable().meta({ description: "When it ended; null: it has not." }),
  })
  .meta({ id: "AutomationStep", description: "What a step was given and what it did." });

export const automationRunDetailSchema = automationRunSchema
  .extend({
    steps: z.array(automationStepSchema).meta({ description: "In the order in which it took them." }),
  })
  .meta({ id: "AutomationRunDetail", description: "A run with every step it took." });
export type AutomationRunDetail = z.infer<typeof automationRunDetailSchema>;

export const decisionOutcomeSchema = z.enum([
  "enrolled",
  "not_matched",
  "already_enrolled",
  "cooldown",
  "loop_depth",
  "loop_chain",
  "loop_rate",
  "failed",
]);

export const automationDecisionSchema = z
  .object({
    ruleId: objectIdSchema,
    eventId: z.string().meta({ description: "The event in the log of changes." }),
    leadId: objectIdSchema.nullable().meta({ description: "The lead it is about; null: none." }),
    outcome: decisionOutcomeSchema.meta({
      description:
        "`enrolled`: a run began. `not_matched`: trigger or conditions did not hold. `already_enrolled`, `cooldown`: the lead may not enter again, or not yet. `loop_*`: rules start each other.",
      example: "enrolled",
    }),
    reason: z.string().nullable().meta({ description: "What stood in the way." }),
    trace: z.array(traceLineSchema).meta({ description: "How its conditions were judged." }),
    runId: objectIdSchema.nullable().meta({ description: "The run that began; null: none." }),
    at: timestampSchema,
  })
  .meta({ id: "AutomationDecision", description: "Why an event did or did not start a rule." });
export type AutomationDecision = z.infer<typeof automationDecisionSchema>;

export const startRunsInputSchema = z
  .strictObject({
    leadIds: z
      .array(objectIdSchema)
      .min(1)
      .max(1_000)
      .meta({ description: "The leads to start it for.", example: ["66f0c0ffee66f0c0ffee66f0"] }),
  })
  .meta({ id: "AutomationStartInput", example: { leadIds: ["66f0c0ffee66f0c0ffee66f0"] } });

export const startRunsResultSchema = z
  .object({
    requested: z.number().int().meta({ description: "How many leads the rule was, or will be, told of." }),
  })
  .meta({ id: "AutomationStartResult" });

export const cancelRunsResultSchema = z
  .object({ cancelled: z.number().int().meta({ description: "How many living runs were ended." }) })
  .meta({ id: "AutomationCancelResult" });
