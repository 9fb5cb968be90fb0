/** The JSON of a rule. The steps are built from the action registry, so a new action is in the grammar at once. */
import * as z from "zod";
import { durationSchema, keySchema } from "../../../contracts/common.contract";
import { conditionSchema } from "../../../contracts/condition.contract";
import { actions } from "./actions";

/** Version of the grammar's meaning, stored with each published rule. */
export const grammarVersion = 1;

/** Events that can start a rule. ADD A TRIGGER HERE. */
export const triggerEvents = [
  "lead_created",
  "lead_updated",
  "tag_added",
  "tag_removed",
  "stage_enter",
  "stage_exit",
  "won",
  "lost",
  "conversation_created",
  "conversation_opened",
  "conversation_resolved",
  "message_received",
  "message_sent",
  "appointment_confirmed",
  "appointment_rescheduled",
  "appointment_cancelled",
  "appointment_held",
  "appointment_no_show",
] as const;

const externalTrigger = z
  .string()
  .regex(
    /^external_event:[a-z][a-z0-9_]{0,62}$/,
    "must be one of the trigger events, or external_event:<name>",
  );

export const triggerEventSchema = z.union([z.enum(triggerEvents), externalTrigger]);

export const triggerSchema = z.strictObject({
  event: triggerEventSchema.meta({ description: "What starts the rule.", example: "lead_created" }),
  pipelineKey: keySchema
    .optional()
    .meta({ description: "Stage events: only in this pipeline.", example: "sales" }),
  toStageKey: keySchema
    .optional()
    .meta({ description: "stage_enter: only into this stage.", example: "proposal" }),
  fromStageKey: keySchema
    .optional()
    .meta({ description: "stage_exit: only out of this stage.", example: "new" }),
  tag: z
    .string()
    .max(64)
    .optional()
    .meta({ description: "tag_added, tag_removed: only this tag.", example: "vip" }),
  filter: conditionSchema.optional().meta({ description: "Condition on the event itself." }),
});

const stepId = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, "must be a short lower case name, unique in the rule")
  .meta({ description: "Name of the step, unique in the rule.", example: "s1" });

const delayStep = z
  .strictObject({
    id: stepId,
    type: z.literal("delay"),
    duration: durationSchema.optional().meta({ description: "Wait this long.", example: "PT5M" }),
    until: z.string().max(500).optional().meta({
      description: "Wait until this time; a variable or an RFC 3339 time.",
      example: "{{event.data.startsAt}}",
    }),
    offset: durationSchema
      .optional()
      .meta({ description: "Moves `until`, e.g. -PT24H for a day before.", example: "-PT24H" }),
    ifPast: z
      .enum(["run", "skip_next", "exit"])
      .default("run")
      .meta({ description: "What to do when that time is over already." }),
  })
  .refine((step) => (step.duration === undefined) !== (step.until === undefined), {
    error: "needs either duration or until",
  })
  .refine((step) => step.offset === undefined || step.until !== undefined, {
    path: ["offset"],
    error: "goes with until",
  });

const exitStep = z.strictObject({
  id: stepId,
  type: z.literal("exit"),
  reason: z.string().max(120).optional().meta({ description: "Shown in the run.", example: "done" }),
});

const actionSteps = actions.map((action) =>
  z
    .strictObject({
      id: stepId,
      type: z.literal(action.type),
      onError: z
        .enum(["stop", "continue"])
        .default("stop")
        .meta({ description: "When the step fails for good: stop the run, or go on." }),
      ...action.config,
    })
    .meta({ description: action.description }),
);

export type DelayStep = z.output<typeof delayStep>;
export type ExitStep = z.output<typeof exitStep>;
/** A step that acts. Its own settings are parsed by its action when it runs. */
export type ActionStep = { id: string; type: string; onError: "stop" | "continue" } & Record<string, unknown>;
export type Step = DelayStep | ExitStep | ActionStep;

const stepSchema: z.ZodType<Step> = z.discriminatedUnion("type", [delayStep, exitStep, ...actionSteps], {
  error: "is not one of the known steps",
});

const exitOnSchema = z.strictObject({
  event: triggerEventSchema.meta({
    description: "Ends the run when this happens to its lead.",
    example: "message_received",
  }),
  match: z
    .string()
    .regex(/^event\.data(\.[A-Za-z0-9_]{1,64}){1,4}$/, "must be a path such as event.data.appointmentId")
    .optional()
    .meta({
      description: "Only if this value is the same in both events.",
      example: "event.data.appointmentId",
    }),
  stageKey: keySchema.optional().meta({ description: "Stage events: only this stage.", example: "proposal" }),
});

/** What a rule does: edited as a draft, published as an immutable version. */
export const ruleDefinitionSchema = z
  .strictObject({
    trigger: triggerSchema,
    conditions: conditionSchema
      .optional()
      .meta({ description: "Judged when the event is dispatched. Absent: always." }),
    enrollment: z
      .strictObject({
        reentry: z
          .enum(["never", "after_exit", "every_event"])
          .default("every_event")
          .meta({ description: "How often one lead may go through." }),
        key: z.string().max(500).optional().meta({
          description: "One run per lead and rendered key.",
          example: "{{event.data.appointmentId}}",
        }),
      })
      .prefault({}),
    exitOn: z.array(exitOnSchema).max(20).default([]),
    allowSelf: z
      .boolean()
      .default(false)
      .meta({ description: "May this rule start itself by what it does?" }),
    steps: z.array(stepSchema).min(1).max(50),
  })
  .superRefine((rule, issues) => {
    const seen = new Set<string>();
    rule.steps.forEach((step, index) => {
      if (seen.has(step.id))
        issues.addIssue({
          code: "custom",
          path: ["steps", index, "id"],
          message: "is used by an earlier step",
        });
      seen.add(step.id);
    });
  });

export type RuleDefinition = z.output<typeof ruleDefinitionSchema>;
