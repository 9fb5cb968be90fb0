/** The JSON of a rule. Triggers and steps are built from their registries, so a new one is in the grammar at once. */
import * as z from "zod";
import { durationSchema } from "../../../contracts/common.contract";
import { conditionSchema } from "../../../contracts/condition.contract";
import { sendWindowSchema } from "../../../contracts/send.window.contract";
import { didYouMean } from "../../../contracts/suggestion";
import { actions } from "./actions";
import { eventMatchSchema } from "./event.match";
import { jumpSchema, stepIdSchema } from "./step.id";
import { controlSteps } from "./steps";
import { oneOfProblem, strictShape } from "./strict.shape";
import { triggerSchemas } from "./triggers";

/** Version of the grammar's meaning, stored with each published rule. */
export const grammarVersion = 1;

export const ruleTriggers = triggerSchemas({
  filter: conditionSchema.optional().meta({ description: "Condition on the event itself." }),
});
const triggerSchema = ruleTriggers.any;

const next = jumpSchema
  .optional()
  .meta({ description: "Where to go after this step; the next one when absent." });

const onErrorSchema = z
  .union([z.enum(["stop", "continue"]), z.strictObject({ goto: jumpSchema })])
  .default("stop")
  .meta({ description: "When the step fails for good: stop the run, go on, or go to a later step." });

const retrySchema = z
  .strictObject({
    maxAttempts: z
      .number()
      .int()
      .min(1)
      .max(10)
      .default(10)
      .meta({ description: "Tries in all.", example: 3 }),
    delay: durationSchema
      .optional()
      .meta({ description: "Between two tries; grows from a second when absent.", example: "PT1M" }),
  })
  .meta({ description: "How a step that fails in passing is tried again." });

/** What every acting step has beside its own settings. */
const acting = {
  next,
  onError: onErrorSchema,
  retry: retrySchema.optional(),
};
const sending = {
  ...acting,
  ignoreSendWindow: z.boolean().optional().meta({ description: "Send also outside the rule's send window." }),
  ignoreFrequencyCap: z
    .boolean()
    .optional()
    .meta({ description: "Send however often rules wrote to the lead." }),
};
export const actingSchema = z.object(sending);

const actionSchemas = actions.map((action) => {
  const shape: z.ZodRawShape = {
    ...("sends" in action && action.sends ? sending : acting),
    ...action.config,
  };
  return strictShape({ id: stepIdSchema, type: z.literal(action.type), ...shape })
    .superRefine((settings, issues) => {
      const problem = oneOfProblem(action.oneOf, settings);
      if (problem) issues.addIssue({ code: "custom", ...problem });
      for (const { path, message } of action.issues(settings))
        issues.addIssue({ code: "custom", path: [...path], message });
    })
    .meta({ description: action.description });
});

const controlSchemas = controlSteps.map((step) =>
  strictShape({
    id: stepIdSchema,
    type: z.literal(step.type),
    ...(step.jumps ? {} : { next }),
    ...step.config,
  })
    .superRefine((settings, issues) => {
      const problem = oneOfProblem(step.oneOf, settings);
      if (problem) issues.addIssue({ code: "custom", ...problem });
      for (const { path, message } of step.check(settings))
        issues.addIssue({ code: "custom", path: [...path], message });
    })
    .meta({ description: step.description }),
);

/** A step. Its own settings are parsed by its kind when it runs. */
export type Step = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

/** The step that a step names to follow it. */
export const nextOf = (step: Step): string | undefined =>
  typeof step.next === "string" ? step.next : undefined;

const [firstStep, ...otherSteps] = [...controlSchemas, ...actionSchemas];
if (!firstStep) throw new Error("There is no step.");
const stepTypes = [...controlSteps, ...actions].map(({ type }) => type);
const stepSchema: z.ZodType<Step> = z.discriminatedUnion("type", [firstStep, ...otherSteps], {
  error: ({ input }) => {
    const type: unknown = typeof input === "object" && input !== null && "type" in input ? input.type : "";
    return `There is no such step.${didYouMean(String(type), stepTypes)}`;
  },
});

/** The schema of each step, by its type; for those who build an editor. */
export const stepSchemas: ReadonlyMap<string, z.ZodType> = new Map(
  [...controlSchemas, ...actionSchemas].map((schema, index) => [stepTypes[index] ?? "", schema]),
);

const listOf = (schema: typeof eventMatchSchema) => z.array(schema).max(20);

/** What a rule does: edited as a draft, published as an immutable version. */
export const ruleDefinitionSchema = strictShape({
  trigger: triggerSchema.meta({ description: "What starts it." }),
  conditions: conditionSchema
    .optional()
    .meta({ description: "Judged when the event is dispatched. Absent: always." }),
  enrollment: z
    .strictObject({
      reentry: z
        .enum(["never", "after_exit", "every_event", "on_change"])
        .default("every_event")
        .meta({ description: "How often one lead may go through." }),
      watch: z
        .array(z.string().regex(/^(lead|conversation|message|event\.data)(\.[A-Za-z0-9_]{1,64}){1,6}$/))
        .min(1)
        .max(20)
        .optional()
        .meta({
          description: "on_change: enter again when one of these differs from the last time.",
          example: ["lead.company"],
        }),
      key: z.string().max(500).optional().meta({
        description: "Re-entry is judged for each rendered key by itself; one run per key unless it exits.",
        example: "{{event.data.appointmentId}}",
      }),
      cooldown: durationSchema
        .optional()
        .meta({ description: "Not again before this long after the last start.", example: "P3D" }),
      restartOn: z
        .union([eventMatchSchema.shape.event, eventMatchSchema, z.array(eventMatchSchema).max(20)])
        .optional()
        .meta({ description: "A living run begins again when this happens.", example: "message_sent" }),
    })
    .prefault({})
    .meta({ description: "How often, and for what, one lead may go through." }),
  exitOn: listOf(eventMatchSchema).default([]).meta({ description: "Events that end the run." }),
  goal: z
    .union([eventMatchSchema, listOf(eventMatchSchema)])
    .optional()
    .meta({ description: "What the rule is for: when it happens the run is completed." }),
  rescheduleOn: listOf(eventMatchSchema)
    .default([])
    .meta({ description: "Events whose data replace the trigger's; delays until a time follow them." }),
  sendWindow: sendWindowSchema.optional(),
  frequencyCap: z
    .enum(["defer", "skip"])
    .default("defer")
    .meta({ description: "When the lead was written to often enough: wait, or leave the step out." }),
  allowSelf: z.boolean().default(false).meta({ description: "May this rule start itself by what it does?" }),
  steps: z
    .array(stepSchema)
    .min(1)
    .max(50)
    .meta({ description: "What it does, one after another; jumps go forward." }),
})
  .superRefine((rule, issues) => {
    const issue = (path: (string | number)[], message: string) =>
      issues.addIssue({ code: "custom", path, message });
    const places = new Map<string, number>();
    rule.steps.forEach(({ id }, index) => {
      if (places.has(id)) issue(["steps", index, "id"], "is used by an earlier step");
      else places.set(id, index);
    });
    rule.steps.forEach((step, index) => {
      for (const { path, to } of jumpsOf(step)) {
        const place = places.get(to);
        if (place === undefined)
          issue(["steps", index, ...path], `There is no step ${to}.${didYouMean(to, places.keys())}`);
        else if (place <= index) issue(["steps", index, ...path], "must name a later step: jumps go forward");
      }
    });
    const { reentry, watch } = rule.enrollment;
    if ((reentry === "on_change") !== (watch !== undefined))
      issue(["enrollment", "watch"], "goes with reentry on_change, and on_change needs it");
  })
  .meta({
    id: "AutomationDefinition",
    description: "What a rule does: what starts it, for whom, and its steps.",
  });

export type RuleDefinition = z.output<typeof ruleDefinitionSchema>;

/** Every place in a step that names another step. */
export function jumpsOf(step: Step): { path: (string | number)[]; to: string }[] {
  const control = controlSteps.find(({ type }) => type === step.type);
  const jumps = (control?.targets(step) ?? []).map(({ path, to }) => ({ path: [...path], to }));
  const named = nextOf(step);
  if (named !== undefined) jumps.push({ path: ["next"], to: named });
  const onError = onErrorSchema.safeParse(step.onError);
  if (!control && onError.success && typeof onError.data === "object")
    jumps.push({ path: ["onError", "goto"], to: onError.data.goto });
  return jumps;
}
