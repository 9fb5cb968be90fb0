/** Rules and their runs, as the API shows them. The rule's own JSON is `services/saas/automation/rule.contract`. */
import * as z from "zod";
import {
  actorSchema,
  keySchema,
  objectIdSchema,
  timestampInputSchema,
  timestampSchema,
} from "./common.contract";

export const runStatusSchema = z.enum([
  "active",
  "waiting",
  "completed",
  "exited",
  "cancelled",
  "failed",
  "skipped",
]);

export const automationRunSchema = z
  .object({
    id: objectIdSchema,
    ruleId: objectIdSchema,
    ruleVersion: z.number().int(),
    leadId: objectIdSchema,
    trigger: z.object({ eventId: z.string(), type: z.string(), occurredAt: timestampSchema }),
    status: runStatusSchema,
    exitReason: z.string().nullable().meta({ description: "Why it ended." }),
    stepId: z.string().nullable().meta({ description: "Where it stands." }),
    dueAt: timestampSchema.nullable().meta({ description: "When it goes on." }),
    error: z.object({ code: z.string(), detail: z.string(), stepId: z.string().nullable() }).nullable(),
    startedAt: timestampSchema,
    endedAt: timestampSchema.nullable(),
  })
  .meta({ id: "AutomationRun", description: "One lead's way through one version of a rule." });
export type AutomationRun = z.infer<typeof automationRunSchema>;

export const automationStepSchema = z
  .object({
    stepId: z.string(),
    type: z.string(),
    status: z.enum(["running", "succeeded", "failed", "skipped"]),
    input: z.record(z.string(), z.unknown()),
    output: z.record(z.string(), z.unknown()),
    reason: z.string().nullable(),
    attempts: z.number().int(),
    startedAt: timestampSchema,
    endedAt: timestampSchema.nullable(),
  })
  .meta({ id: "AutomationStep", description: "What a step was given and what it did." });

export const automationRunDetailSchema = automationRunSchema
  .extend({ steps: z.array(automationStepSchema) })
  .meta({ id: "AutomationRunDetail", description: "A run with every step it took." });
export type AutomationRunDetail = z.infer<typeof automationRunDetailSchema>;

export const automationDecisionSchema = z
  .object({
    ruleId: objectIdSchema,
    eventId: z.string(),
    leadId: objectIdSchema.nullable(),
    outcome: z.enum([
      "enrolled",
      "not_matched",
      "already_enrolled",
      "loop_depth",
      "loop_chain",
      "loop_rate",
      "failed",
    ]),
    trace: z.array(
      z.object({
        field: z.string(),
        op: z.string(),
        expected: z.unknown(),
        actual: z.unknown(),
        passed: z.boolean(),
      }),
    ),
    runId: objectIdSchema.nullable(),
    at: timestampSchema,
  })
  .meta({ id: "AutomationDecision", description: "Why an event did or did not start a rule." });
export type AutomationDecision = z.infer<typeof automationDecisionSchema>;

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
        phone: z.string().max(40).optional().meta({ example: "+447700900123" }),
        externalId: z
          .strictObject({ system: keySchema, id: z.string().min(1).max(200) })
          .optional()
          .meta({ description: "The lead's id in your system." }),
      })
      .refine((subject) => Object.values(subject).filter((value) => value !== undefined).length === 1, {
        error: "needs exactly one of leadId, phone and externalId",
      }),
    occurredAt: timestampInputSchema.optional().meta({ description: "When it happened; now when absent." }),
    data: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "must be a plain name"), z.unknown())
      .default({})
      .meta({
        description: "Read by rules as `event.data.*`. Appointments need appointmentId and startsAt.",
        example: { appointmentId: "A-17", startsAt: "2026-12-01T09:00:00.000Z" },
      }),
  })
  .meta({ id: "ExternalEventInput" });
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
      name: z.string(),
      description: z.string().nullable(),
      enabled: z.boolean(),
      priority: z.number().int(),
      state: z.enum(["draft", "published", "archived"]),
      publishedVersion: z.number().int().nullable(),
      hasUnpublishedChanges: z.boolean(),
      definition,
      createdBy: actorSchema,
      version: z.number().int(),
      createdAt: timestampSchema,
      updatedAt: timestampSchema,
    })
    .meta({ id: "AutomationRule", description: "A rule: what starts it and what it does." });
}
