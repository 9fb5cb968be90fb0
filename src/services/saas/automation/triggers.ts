/**
 * What can start a rule. ADD A TRIGGER HERE: the rule contract and the engine follow. Each setting of a trigger says
 * where an event shows what the setting asks for; `timer` settings say when there is an event at all.
 */
import * as z from "zod";
import { durationSchema, keySchema, timestampInputSchema } from "../../../contracts/common.contract";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import { timeOfDaySchema } from "../../../contracts/hours.contract";
import { didYouMean } from "../../../contracts/suggestion";
import type { TraceLine } from "../../../lib/condition";
import { oneOfProblem, strictShape } from "./strict.shape";
import { cronProblem } from "./timers/cron";

/** One setting of a trigger. */
interface Setting {
  readonly schema: z.ZodType;
  /** What the event has in this place; absent for settings that no event is compared with. */
  readonly actual?: (event: CrmEvent) => unknown;
  /** `equals` when absent. */
  readonly op?: string;
  readonly holds?: (expected: unknown, actual: unknown) => boolean;
}

export interface TriggerKind {
  readonly description: string;
  readonly settings: Readonly<Record<string, Setting>>;
  /** Settings of which exactly one is needed. */
  readonly oneOf?: readonly string[];
}

const key = (example: string, description: string) => keySchema.optional().meta({ description, example });

const pipelineKey: Setting = {
  schema: key("sales", "Only in this pipeline."),
  actual: ({ data }) => data.pipelineKey,
};
const toStageKey: Setting = {
  schema: key("proposal", "Only into this stage."),
  actual: ({ data }) => data.toStageKey,
};
const fromStageKey: Setting = {
  schema: key("new", "Only out of this stage."),
  actual: ({ data }) => data.fromStageKey,
};
const stageType: Setting = {
  schema: z
    .enum(["open", "won", "lost"])
    .optional()
    .meta({ description: "Only stages of this type.", example: "won" }),
  actual: ({ data }) => data.stageType,
};
const tag: Setting = {
  schema: z.string().max(64).optional().meta({ description: "Only this tag.", example: "vip" }),
  actual: ({ data }) => data.tag,
};
const timezone: Setting = {
  schema: z
    .string()
    .max(64)
    .optional()
    .meta({ description: "Zone of the times; the tenant's when absent.", example: "Europe/Lisbon" }),
};
const at = timeOfDaySchema.default("09:00").meta({ description: "Time of day.", example: "09:00" });

const simple = (description: string): TriggerKind => ({ description, settings: {} });
const inStages = (description: string): TriggerKind => ({
  description,
  settings: { pipelineKey, toStageKey, fromStageKey, stageType },
});
const isList = (value: unknown): value is unknown[] => Array.isArray(value);

export const triggerKinds = {
  lead_created: simple("A lead was created, by whatever way."),
  lead_updated: {
    description: "Fields of a lead changed.",
    settings: {
      watch: {
        schema: z
          .array(z.string().regex(/^[A-Za-z][\w.]{0,80}$/, "must be a field such as company or custom.plan"))
          .min(1)
          .max(20)
          .optional()
          .meta({ description: "Only when one of these fields changed.", example: ["company"] }),
        actual: ({ changes }) => Object.keys(changes ?? {}),
        op: "any_of",
        holds: (expected, actual) =>
          isList(expected) && isList(actual) && expected.some((field) => actual.includes(field)),
      },
    },
  },
  lead_deleted: simple("A lead was deleted."),
  tag_added: { description: "A tag was added to a lead.", settings: { tag } },
  tag_removed: { description: "A tag was removed from a lead.", settings: { tag } },
  owner_changed: simple("A lead got another owner, or none."),
  score_crossed: {
    description: "A lead's score crossed a line.",
    settings: {
      threshold: {
        schema: z.number().meta({ description: "The line.", example: 50 }),
        actual: ({ changes }) => changes?.score ?? null,
        op: "crossed",
        holds: (expected, actual) => crossing(actual, expected) !== undefined,
      },
      direction: {
        schema: z.enum(["up", "down"]).default("up").meta({ description: "Which way.", example: "up" }),
      },
    },
  },
  stage_enter: inStages("A lead entered a stage."),
  stage_exit: inStages("A lead left a stage."),
  stage_stalled: {
    description: "A lead has stood in its stage longer than the stage allows.",
    settings: {
      pipelineKey,
      stageKey: {
        schema: key("proposal", "Only in this stage."),
        actual: ({ data }) => data.stageKey ?? data.toStageKey,
      },
    },
  },
  won: { description: "A lead was won.", settings: { pipelineKey } },
  lost: { description: "A lead was lost.", settings: { pipelineKey } },
  conversation_created: simple("A conversation began."),
  conversation_opened: simple("A conversation was opened again."),
  conversation_resolved: simple("A conversation was resolved."),
  message_received: simple("The lead wrote."),
  message_sent: simple("A message of ours went out."),
  message_status: {
    description: "A message of ours got a status.",
    settings: {
      status: {
        schema: z
          .enum(["sent", "delivered", "read", "played", "failed", "unknown"])
          .optional()
          .meta({ description: "Only this status.", example: "failed" }),
        actual: ({ data }) => data.status,
      },
    },
  },
  no_reply: {
    description: "The lead has not answered our last message for a while.",
    settings: {
      after: { schema: durationSchema.meta({ description: "For how long.", example: "PT24H" }) },
    },
  },
  appointment_confirmed: simple("An appointment was confirmed."),
  appointment_rescheduled: simple("An appointment was moved."),
  appointment_cancelled: simple("An appointment was called off."),
  appointment_held: simple("An appointment took place."),
  appointment_no_show: simple("The lead did not come to an appointment."),
  form_submitted: {
    description: "The lead sent a form (an external event of this name).",
    settings: {
      form: {
        schema: z.string().max(200).optional().meta({ description: "Only this form.", example: "quote" }),
        actual: ({ data }) => data.form,
      },
    },
  },
  schedule: {
    description: "At set times, for every lead that the conditions fit.",
    oneOf: ["cron", "at"],
    settings: {
      cron: {
        schema: z
          .string()
          .max(120)
          .refine((text) => cronProblem(text) === undefined, {
            error: "must be five fields such as 0 9 * * 1: minute, hour, day, month, weekday",
          })
          .optional()
          .meta({ description: "Minute, hour, day of the month, month, weekday.", example: "0 9 * * 1" }),
      },
      at: {
        schema: timestampInputSchema
          .optional()
          .meta({ description: "Once, at this time.", example: "2026-12-24T09:00:00.000Z" }),
      },
      timezone,
    },
  },
  date_field: {
    description: "On a date of the lead's, before or after it.",
    settings: {
      field: {
        schema: z
          .string()
          .regex(
            /^lead(\.[A-Za-z0-9_]{1,64}){1,2}$/,
            "must be a date of the lead such as lead.custom.birthday",
          )
          .meta({ description: "Which date.", example: "lead.custom.birthday" }),
      },
      offsetDays: {
        schema: z
          .number()
          .int()
          .min(-366)
          .max(366)
          .default(0)
          .meta({ description: "Days after the date; negative: before.", example: -7 }),
      },
      at: { schema: at },
      repeat: {
        schema: z
          .enum(["once", "yearly"])
          .default("once")
          .meta({ description: "Once, or each year on that day.", example: "yearly" }),
      },
      timezone,
    },
  },
  manual: simple("A person or an integration starts it for chosen leads."),
} as const satisfies Record<string, TriggerKind>;

export type TriggerEvent = keyof typeof triggerKinds;
const kinds: Readonly<Record<string, TriggerKind>> = triggerKinds;

/** Events that happen because a rule asks for them, for this rule only. */
export const ownEvents: ReadonlySet<string> = new Set(["manual", "schedule", "date_field", "no_reply"]);

/** The words by which rules name this event. */
export function triggersOf(event: Pick<CrmEvent, "type" | "name" | "changes">): string[] {
  if (event.type === "external_event")
    return event.name === "form_submitted" ? ["form_submitted"] : [`external_event:${event.name ?? ""}`];
  if (event.type === "lead_updated" && event.changes?.score) return ["lead_updated", "score_crossed"];
  return [event.type];
}

/** Which way a change of a number crosses a line. @returns undefined when it does not. */
function crossing(change: unknown, line: unknown): "up" | "down" | undefined {
  if (typeof line !== "number" || change === null || typeof change !== "object") return undefined;
  const from = "from" in change ? Number(change.from ?? 0) : 0;
  const to = "to" in change ? Number(change.to ?? 0) : 0;
  if (from < line && to >= line) return "up";
  return from >= line && to < line ? "down" : undefined;
}

/** Compares an event with what a trigger (or an `exitOn`, `goal`, `wait_for`) asks of it: a line for each setting. */
export function compareTrigger(
  wanted: Readonly<Record<string, unknown>> & { readonly event: string },
  event: CrmEvent,
): TraceLine[] {
  const settings = kinds[wanted.event]?.settings ?? {};
  return Object.entries(settings).flatMap(([name, { actual, op, holds }]) => {
    const expected = wanted[name];
    if (expected === undefined || !actual) return [];
    const found = actual(event) ?? null;
    const passed =
      wanted.event === "score_crossed"
        ? crossing(found, expected) === (wanted.direction ?? "up")
        : holds
          ? holds(expected, found)
          : found === expected;
    return [{ field: `trigger.${name}`, op: op ?? "equals", expected, actual: found, passed }];
  });
}

export const triggerNames = Object.keys(triggerKinds);

const noTrigger = (name: unknown): string =>
  `Must be one of the trigger events, or external_event:<name>.${didYouMean(String(name), triggerNames)}`;
const externalTrigger = z.string().regex(/^external_event:[a-z0-9][a-z0-9_]{0,62}$/, {
  error: ({ input }) => noTrigger(input),
  // Another trigger's complaints are about something else.
  abort: true,
});

export const triggerEventSchema = z.union([z.enum(triggerNames), externalTrigger]);

export type Trigger = { readonly event: string } & Readonly<Record<string, unknown>>;

/** One schema for each trigger, and one for events from outside; `more` are the settings that all of them have. */
export function triggerSchemas(more: z.ZodRawShape): {
  any: z.ZodType<Trigger>;
  byEvent: ReadonlyMap<string, z.ZodType>;
  external: z.ZodType;
} {
  const known = Object.entries(kinds).map(([event, kind]) => {
    const shape = Object.fromEntries(
      Object.entries(kind.settings).map(([name, { schema }]) => [name, schema]),
    );
    return strictShape({ event: z.literal(event), ...shape, ...more })
      .superRefine((trigger: Record<string, unknown>, issues) => {
        const problem = oneOfProblem(kind.oneOf, trigger);
        if (problem) issues.addIssue({ code: "custom", ...problem });
      })
      .meta({ description: kind.description });
  });
  const external = strictShape({
    event: externalTrigger.meta({
      description: "`external_event:` and the name under which your systems send it.",
      example: "external_event:order_paid",
    }),
    ...more,
  }).meta({
    description: "An event from outside, by its name.",
  });
  const [first, ...others] = known;
  if (!first) throw new Error("There is no trigger.");
  const named = z.discriminatedUnion("event", [first, ...others], {
    error: ({ input }) =>
      noTrigger(typeof input === "object" && input !== null ? Reflect.get(input, "event") : ""),
  });
  const byEvent = new Map([first, ...others].map((schema, index) => [triggerNames[index] ?? "", schema]));
  // Of two that complain alike the first is told of.
  return { any: z.union([named, external]), byEvent, external };
}
