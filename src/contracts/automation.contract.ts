/** Rules and their runs, as the API shows them. The rule's own JSON is `services/saas/automation/rule.contract`. */
import * as z from "zod";
import { ruleProblemSchema } from "./automation.problem.contract";
import {
  actorSchema,
  keySchema,
  objectIdSchema,
  timestampInputSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";

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
        kind: z.enum(["start", "delay", "event", "window", "cap"]).meta({
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

export const automationStepSchema = z
  .object({
    stepId: z.string().meta({ description: "Id of the step in the rule.", example: "s1" }),
    type: z.string().meta({ description: "What it does.", example: "send_template" }),
    status: z
      .enum(["running", "succeeded", "failed", "skipped"])
      .meta({ description: "`running`: begun, or waiting.", example: "succeeded" }),
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

export const automationDecisionSchema = z
  .object({
    ruleId: objectIdSchema,
    eventId: z.string().meta({ description: "The event in the log of changes." }),
    leadId: objectIdSchema.nullable().meta({ description: "The lead it is about; null: none." }),
    outcome: z
      .enum([
        "enrolled",
        "not_matched",
        "already_enrolled",
        "cooldown",
        "loop_depth",
        "loop_chain",
        "loop_rate",
        "failed",
      ])
      .meta({
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

/** Names of appointments' events, which people send from their calendars. */
export const appointmentEventTypes = [
  "appointment_confirmed",
  "appointment_rescheduled",
  "appointment_cancelled",
  "appointment_held",
  "appointment_no_show",
] as const;

export const externalEventInputSchema = z
  .strictObject({
    id: z
      .string()
      .min(1)
      .max(120)
      .regex(/^[\x21-\x7e]+$/, "must be visible ASCII without spaces")
      .meta({
        description: "Your id of the event. The same id again changes nothing.",
        example: "cal-evt-1842",
      }),
    type: keySchema.meta({
      description: "`appointment_confirmed` and its siblings, or a name of your own.",
      example: "appointment_confirmed",
    }),
    subject: z
      .strictObject({
        leadId: objectIdSchema.optional(),
        phone: z
          .string()
          .max(40)
          .optional()
          .meta({ description: "The lead's phone number.", example: "+447700900123" }),
        externalId: z
          .strictObject({
            system: keySchema.meta({ description: "The other system.", example: "calendar" }),
            id: z.string().min(1).max(200).meta({ description: "The lead's id there.", example: "C-1042" }),
          })
          .optional()
          .meta({ description: "The lead's id in your system." }),
      })
      .refine((subject) => Object.values(subject).filter((value) => value !== undefined).length === 1, {
        error: "needs exactly one of leadId, phone and externalId",
      })
      .meta({ description: "Whom it is about, by one of these." }),
    occurredAt: timestampInputSchema.optional().meta({ description: "When it happened; now when absent." }),
    data: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "must be a plain name"), z.unknown())
      .default({})
      .meta({
        description: "Read by rules as `event.data.*`. Appointments need appointmentId and startsAt.",
        example: { appointmentId: "A-17", startsAt: "2026-12-01T09:00:00.000Z" },
      }),
  })
  .meta({
    id: "ExternalEventInput",
    example: {
      id: "cal-evt-1842",
      type: "appointment_confirmed",
      subject: { externalId: { system: "calendar", id: "C-1042" } },
      data: { appointmentId: "a-77", startsAt: "2026-12-01T09:00:00.000Z" },
    },
  });
export type ExternalEventInput = z.infer<typeof externalEventInputSchema>;

/** What an appointment event must tell. Others keep their data as it is. */
export const appointmentDataSchema = z.looseObject({
  appointmentId: z
    .string()
    .min(1)
    .max(80)
    .regex(/^[\x21-\x7e]+$/, "must be visible ASCII without spaces"),
  startsAt: timestampInputSchema,
  sequence: z.number().int().min(0).max(1_000_000).default(0),
});

export const externalEventResultSchema = z
  .object({
    eventId: z.string().meta({ description: "The event's id in the tenant's log." }),
    leadId: objectIdSchema,
    duplicate: z.boolean().meta({ description: "It had been taken before; nothing happened now." }),
  })
  .meta({ id: "ExternalEventResult" });
export type ExternalEventResult = z.infer<typeof externalEventResultSchema>;

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
