/** What people see of rules before and after they run: the catalogue, checks, dry runs, replays, figures. */
import * as z from "zod";
import { automationDecisionSchema, traceLineSchema } from "./automation.run.contract";
import { objectIdSchema, timestampSchema } from "./common.contract";
import { operatorSchema } from "./condition.contract";

const jsonSchema = z.record(z.string(), z.unknown()).meta({
  description: "A JSON Schema (2020-12); its `$ref`s are into this answer's `$defs`.",
});
const fieldType = z
  .enum(["text", "text_list", "key", "id", "number", "boolean", "time", "day", "any"])
  .meta({ description: "What its values are, and so which operators fit it.", example: "text" });

export const automationCatalogSchema = z
  .object({
    grammar: z.number().int().meta({ description: "Version of the grammar.", example: 1 }),
    $defs: z.record(z.string(), jsonSchema).meta({ description: "What the schemas share." }),
    definition: jsonSchema.meta({ description: "A whole definition." }),
    condition: jsonSchema.meta({ description: "Any condition." }),
    eventMatch: jsonSchema.meta({
      description: "An event of `exitOn`, `goal`, `rescheduleOn`, `restartOn` and `wait_for`.",
    }),
    triggers: z
      .array(
        z.object({
          event: z.string().meta({
            description: "Its name; events that you declared are among them as `external_event:<key>`.",
            example: "stage_enter",
          }),
          label: z.string().nullable().meta({ description: "What the tenant calls an event of its own." }),
          description: z.string().meta({ description: "What happens, in a sentence." }),
          byRule: z
            .boolean()
            .meta({ description: "It happens because a rule asks for it: by hand, by the clock." }),
          schema: jsonSchema.meta({ description: "The `trigger` of a definition." }),
          data: z
            .array(
              z.object({
                path: z
                  .string()
                  .meta({ description: "Where rules find it.", example: "event.data.toStageKey" }),
                type: fieldType,
                description: z.string().meta({ description: "What it is." }),
              }),
            )
            .meta({ description: "What its event is known to tell." }),
          openData: z.boolean().meta({ description: "Its event may tell more than is listed." }),
          dataSchema: jsonSchema.meta({ description: "The `data` of its event." }),
        }),
      )
      .meta({ description: "What can start a rule." }),
    operators: z
      .array(
        z.object({
          op: operatorSchema.meta({ description: "Name of the operator.", example: "in" }),
          value: z.enum(["one", "list", "range", "duration", "none", "change"]).meta({
            description:
              "What it is given: a value, a list, two values, an ISO 8601 duration, nothing, {from, to}.",
          }),
          schema: jsonSchema.nullable().meta({ description: "Its `value`; null when it takes none." }),
          types: z.array(fieldType).meta({ description: "Fields it fits." }),
        }),
      )
      .meta({ description: "Operators of conditions." }),
    fields: z
      .array(
        z.object({
          path: z.string().meta({ description: "How conditions name it.", example: "lead.custom.plan" }),
          type: fieldType,
          label: z.string().nullable().meta({ description: "What the tenant calls a field of its own." }),
          custom: z.boolean().meta({ description: "It is a field of the tenant's own." }),
          options: z
            .array(z.string())
            .nullable()
            .meta({ description: "All values it can have, where they are few." }),
          schema: jsonSchema.meta({ description: "What it holds, when it holds something." }),
          operators: z.array(operatorSchema).meta({ description: "Operators that fit it." }),
        }),
      )
      .meta({ description: "Fields that conditions can ask for." }),
    openPaths: z
      .array(z.string())
      .meta({ description: "Beginnings of paths behind which anything may be named.", example: ["event."] }),
    steps: z
      .array(
        z.object({
          type: z.string().meta({ description: "Name of the step.", example: "send_template" }),
          kind: z
            .enum(["action", "control"])
            .meta({ description: "It does something, or decides where the run goes." }),
          description: z.string().meta({ description: "What it does, in a sentence." }),
          runs: z
            .enum(["at_once", "queue"])
            .meta({ description: "With the event, or through the job queue." }),
          sends: z.boolean().meta({ description: "It writes to the lead: windows, caps and opt-outs hold." }),
          schema: jsonSchema.meta({ description: "One item of a definition's `steps`." }),
        }),
      )
      .meta({ description: "What a rule can do." }),
    filters: z
      .array(
        z.object({
          name: z.string().meta({ description: "Name of the filter.", example: "phone" }),
          description: z.string().meta({ description: "What it does, in a sentence." }),
          example: z.string().meta({ description: "How it is written." }),
        }),
      )
      .meta({ description: "Filters of variables beside Liquid's own." }),
  })
  .meta({ id: "AutomationCatalog", description: "Everything a rule can be made of." });
export type AutomationCatalog = z.input<typeof automationCatalogSchema>;

export const validateInputSchema = z
  .strictObject({
    definition: z.record(z.string(), z.unknown()).meta({
      description: "The definition, whatever state it is in.",
      example: { trigger: { event: "lead_created" }, steps: [{ id: "s1", type: "add_tag", tag: "new" }] },
    }),
  })
  .meta({ id: "AutomationValidateInput" });

const outcomeSchema = automationDecisionSchema.shape.outcome;

const plannedStepSchema = z
  .object({
    stepId: z.string().meta({ description: "Id of the step in the rule.", example: "s1" }),
    type: z.string().meta({ description: "What it does.", example: "send_template" }),
    status: z.enum(["done", "skipped", "failed"]).meta({
      description:
        "`skipped` and `failed` have their reason: an opt-out, a closed window, a variable without a value.",
      example: "done",
    }),
    reachedAt: timestampSchema.meta({ description: "When the run comes to the step." }),
    at: timestampSchema.meta({ description: "When it is over: behind its delay, or at the next opening." }),
    waits: z
      .array(
        z.object({
          reason: z.string().meta({ description: "What for.", example: "delay" }),
          until: timestampSchema,
        }),
      )
      .meta({
        description: "What it stands still for: `delay`, `event`, `outside_send_window`, `frequency_cap`.",
      }),
    input: z
      .record(z.string(), z.unknown())
      .meta({ description: "Its settings, with the values of the variables in them." }),
    output: z.record(z.string(), z.unknown()).meta({ description: "What would come of it." }),
    text: z.string().nullable().meta({ description: "The message as the lead would read it." }),
    trace: z.array(traceLineSchema).meta({ description: "How its conditions were judged." }),
    reason: z.string().nullable().meta({ description: "Why it is skipped or fails; null: it does neither." }),
  })
  .meta({ id: "AutomationPlannedStep", description: "What a step would do, and when." });
export type PlannedStep = z.infer<typeof plannedStepSchema>;

export const dryRunSchema = z
  .object({
    now: timestampSchema.meta({ description: "The time that it was judged at." }),
    outcome: outcomeSchema.meta({ description: "What the rule would decide.", example: "enrolled" }),
    reason: z.string().nullable().meta({ description: "What stands in the way; null: nothing." }),
    trace: z.array(traceLineSchema).meta({ description: "Each condition as it was judged." }),
    startsAt: timestampSchema.nullable().meta({
      description: "When the run would begin; behind `now` when the tenant starts many at once.",
    }),
    waits: z
      .array(plannedStepSchema.shape.waits.element)
      .meta({ description: "What it would wait for before it begins: `start_limit`." }),
    steps: z.array(plannedStepSchema).meta({ description: "In the order in which they would come." }),
    end: z
      .object({
        status: z.enum(["completed", "exited", "failed"]).meta({ description: "How.", example: "completed" }),
        reason: z.string().nullable().meta({ description: "Why; null: it came to its last step." }),
        at: timestampSchema,
      })
      .nullable()
      .meta({ description: "How the run would end; null when none would start." }),
    assumes: z
      .array(z.string())
      .meta({ description: "What the plan takes for granted.", example: ["No event comes while it waits."] }),
  })
  .meta({ id: "AutomationDryRun", description: "What a rule would do. Nothing happened." });
export type DryRun = z.infer<typeof dryRunSchema>;

export const replayInputSchema = z
  .strictObject({
    limit: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(20)
      .meta({ description: "How many events.", example: 20 }),
  })
  .meta({ id: "AutomationReplayInput" });

export const replaySchema = z
  .object({
    matched: z.number().int().meta({ description: "How many would have matched." }),
    missed: z.number().int().meta({ description: "How many would not have." }),
    lookedAt: z.number().int().meta({ description: "How many entries of the log were looked at." }),
    complete: z.boolean().meta({
      description: "False when it stopped looking before it found as many, or came to the log's end.",
    }),
    events: z
      .array(
        z.object({
          eventId: z.string().meta({ description: "The event in the log of changes." }),
          type: z.string().meta({ description: "What happened.", example: "lead_created" }),
          leadId: objectIdSchema.nullable().meta({ description: "The lead it is about; null: none." }),
          occurredAt: timestampSchema,
          matches: z.boolean().meta({ description: "Whether it would have started the rule." }),
          outcome: outcomeSchema.meta({
            description: "Of trigger, conditions and chain; re-entry is not asked.",
          }),
          trace: z.array(traceLineSchema).meta({ description: "How the conditions were judged." }),
        }),
      )
      .meta({ description: "The events, newest first." }),
  })
  .meta({
    id: "AutomationReplay",
    description: "Real events, judged by a draft, newest first. Nothing happened.",
  });
export type Replay = z.infer<typeof replaySchema>;

const boundedCountSchema = z
  .object({
    count: z.number().int().meta({ description: "How many, as far as they were counted.", example: 128 }),
    more: z.boolean().meta({ description: "There are more than `count`; it stops at 10,000." }),
  })
  .meta({ id: "BoundedCount", description: "How many, up to 10,000." });
export type BoundedCount = z.infer<typeof boundedCountSchema>;

export const ruleStatisticsSchema = z
  .object({
    enrolled: boundedCountSchema.meta({ description: "Every run that there is." }),
    queued: boundedCountSchema,
    active: boundedCountSchema,
    waiting: boundedCountSchema,
    completed: boundedCountSchema,
    exited: boundedCountSchema,
    failed: boundedCountSchema,
    cancelled: boundedCountSchema,
    lastRun: z
      .object({ id: objectIdSchema, startedAt: timestampSchema })
      .nullable()
      .meta({ description: "The run that began last; null: none did." }),
    steps: z
      .array(
        z.object({
          stepId: z.string().meta({ description: "Id of the step in the rule.", example: "s1" }),
          type: z.string().meta({ description: "What it does.", example: "send_template" }),
          succeeded: boundedCountSchema,
          failed: boundedCountSchema,
          skipped: boundedCountSchema,
        }),
      )
      .meta({ description: "Steps of the draft; what was logged of them in the last 180 days." }),
  })
  .meta({ id: "AutomationStatistics", description: "How a rule does." });
export type RuleStatistics = z.infer<typeof ruleStatisticsSchema>;
