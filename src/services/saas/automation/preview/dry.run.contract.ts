import * as z from "zod";
import { objectIdSchema, timestampInputSchema } from "../../../../contracts/common.contract";
import { createLeadSchema } from "../../../../contracts/lead.input.contract";
import { ruleDefinitionSchema } from "../rule.contract";
import { triggerEventSchema } from "../triggers";

const exactlyOne = (one: unknown, other: unknown) => (one === undefined) !== (other === undefined);

const eventInputSchema = z
  .strictObject({
    type: triggerEventSchema
      .optional()
      .meta({ description: "What happens; the rule's own trigger when absent.", example: "stage_enter" }),
    data: z
      .record(z.string().max(64), z.unknown())
      .default({})
      .meta({ description: "What it tells.", example: { toStageKey: "proposal" } }),
    changes: z
      .record(
        z.string().max(80),
        z.strictObject({
          from: z.unknown().meta({ description: "Value before." }),
          to: z.unknown().meta({ description: "Value after." }),
        }),
      )
      .optional()
      .meta({ description: "Fields that it changed.", example: { score: { from: 10, to: 60 } } }),
    message: z
      .strictObject({
        kind: z.string().max(40).default("text").meta({ description: "Its kind.", example: "text" }),
        text: z
          .string()
          .max(4_096)
          .nullable()
          .default(null)
          .meta({ description: "Its text.", example: "Hi" }),
      })
      .optional()
      .meta({ description: "The message that the event is about." }),
    occurredAt: timestampInputSchema.optional().meta({ description: "When; `now` when absent." }),
  })
  .meta({ description: "The event that comes." });

/** Whom and what a rule is tried on. */
const trial = {
  leadId: objectIdSchema.optional().meta({ description: "A lead of yours." }),
  lead: createLeadSchema.optional().meta({ description: "Instead: one that is made up." }),
  event: eventInputSchema.prefault({}),
  now: timestampInputSchema.optional().meta({ description: "Judge and plan as of this time; else now." }),
};

export const testRuleInputSchema = z
  .strictObject(trial)
  .refine(({ leadId, lead }) => exactlyOne(leadId, lead), { error: "needs exactly one of leadId and lead" })
  .meta({ id: "AutomationTestInput", example: { lead: { firstName: "Ana" }, event: {} } });

export const dryRunInputSchema = z
  .strictObject({
    ruleId: objectIdSchema.optional().meta({ description: "A stored rule: its draft." }),
    definition: ruleDefinitionSchema.optional().meta({ description: "Instead: a definition." }),
    ...trial,
  })
  .refine(({ ruleId, definition }) => exactlyOne(ruleId, definition), {
    error: "needs exactly one of ruleId and definition",
  })
  .refine(({ leadId, lead }) => exactlyOne(leadId, lead), { error: "needs exactly one of leadId and lead" })
  .meta({
    id: "AutomationDryRunInput",
    example: {
      definition: {
        trigger: { event: "lead_created" },
        steps: [{ id: "s1", type: "add_tag", tag: "new" }],
      },
      lead: { firstName: "Ana" },
      event: {},
    },
  });
export type DryRunInput = z.output<typeof dryRunInputSchema>;
