/** Pipelines and their stages: the way from first contact to a deal. */
import * as z from "zod";
import {
  keySchema,
  moneySchema,
  objectIdSchema,
  pageQuery,
  timestampInputSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { currencySchema } from "./settings.contract";
import { textLine } from "./text.contract";

export const stageTypes = ["open", "won", "lost"] as const;

const stageSettings = {
  probability: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .meta({ description: "Chance of winning, 0 to 1.", example: 0.4 }),
  rottingDays: z
    .number()
    .int()
    .min(1)
    .max(3650)
    .nullable()
    .meta({ description: "Days after which a lead here counts as stalled.", example: 14 }),
  wipLimit: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .nullable()
    .meta({ description: "How many leads the stage should hold at most.", example: 50 }),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, "must be a colour such as #2f855a")
    .nullable()
    .meta({ description: "Colour of the column.", example: "#2f855a" }),
};

const requiredFields = z
  .array(
    z
      .string()
      .regex(
        /^(firstName|lastName|phone|email|company|ownerId|value|source|lostReason|custom\.[a-z0-9][a-z0-9_]{0,62})$/,
        "must be a field of leads, lostReason or custom.<key>",
      ),
  )
  .max(20)
  .overwrite((fields) => [...new Set(fields)])
  .meta({
    description:
      "What a lead must have to be moved here; `lostReason` asks for a reason with each move to a lost stage.",
    example: ["value"],
  });

const stageName = textLine(100).meta({ description: "Name of the stage.", example: "Proposal" });
const stageKey = keySchema.meta({
  description: "Stable key for rules; made from the name when absent.",
  example: "proposal",
});
const stageType = z.enum(stageTypes).meta({
  description: "`won` and `lost` close the lead.",
  example: "open",
});

export const createStageSchema = z
  .strictObject({
    name: stageName,
    key: stageKey.optional(),
    type: stageType.default("open"),
    requiredFields: requiredFields.optional(),
    ...z.object(stageSettings).partial().shape,
  })
  .meta({ id: "StageInput" });
export type CreateStage = z.output<typeof createStageSchema>;

/** Merge patch. A stage's key and type never change: rules and history hold on to them. */
export const updateStageSchema = z
  .strictObject({
    name: stageName,
    requiredFields,
    archived: z.boolean().meta({ description: "Takes no more leads; those in it stay.", example: false }),
    ...stageSettings,
  })
  .partial()
  .meta({ id: "StagePatch" });
export type UpdateStage = z.output<typeof updateStageSchema>;

export const stageSchema = z
  .object({
    id: objectIdSchema,
    key: keySchema,
    name: z.string().meta({ description: "Name of the stage.", example: "Proposal" }),
    order: z.number().int().meta({ description: "Place in the pipeline, from 0." }),
    type: stageType,
    ...stageSettings,
    requiredFields: z
      .array(z.string())
      .meta({ description: "What a lead must have to be moved here.", example: ["value"] }),
    archived: z.boolean().meta({ description: "Takes no more leads." }),
    closing: z
      .object({
        moveLeadsTo: objectIdSchema.meta({ description: "Stage that takes its leads." }),
        total: z.number().int().meta({ description: "Leads in it when it was deleted.", example: 4_200 }),
        moved: z.number().int().meta({ description: "Leads moved so far.", example: 1_500 }),
      })
      .nullable()
      .meta({ description: "Being emptied; the stage goes when its last lead has moved." }),
  })
  .meta({ id: "Stage", description: "A step of a pipeline." });

const pipelineName = textLine(100).meta({ description: "Name of the pipeline.", example: "Sales" });
const isDefault = z.boolean().meta({ description: "Where new leads start; one per tenant.", example: false });

export const createPipelineSchema = z
  .strictObject({
    name: pipelineName,
    key: keySchema
      .optional()
      .meta({ description: "Stable key for rules; made from the name when absent.", example: "sales" }),
    currency: currencySchema.optional().meta({ description: "Default: the tenant's currency." }),
    isDefault: isDefault.optional(),
    stages: z
      .array(createStageSchema)
      .min(1)
      .max(50)
      .optional()
      .meta({ description: "In their order; a usual set of stages when absent." }),
  })
  .meta({ id: "PipelineInput" });
export type CreatePipeline = z.output<typeof createPipelineSchema>;

/** Merge patch. `isDefault` can only be given to another pipeline, never taken away. */
export const updatePipelineSchema = z
  .strictObject({
    name: pipelineName.optional(),
    currency: currencySchema.optional(),
    isDefault: z
      .literal(true)
      .optional()
      .meta({ description: "Make it the tenant's default.", example: true }),
  })
  .meta({ id: "PipelinePatch" });
export type UpdatePipeline = z.output<typeof updatePipelineSchema>;

export const stageOrderSchema = z
  .strictObject({
    stageIds: z
      .array(objectIdSchema)
      .min(1)
      .max(50)
      .meta({ description: "Every stage of the pipeline, in the new order." }),
  })
  .meta({ id: "StageOrder" });

export const moveLeadsQuery = z.strictObject({
  moveLeadsTo: objectIdSchema
    .optional()
    .meta({ description: "Stage that takes the leads; needed when there are any." }),
});

export const moneySums = z.array(moneySchema).meta({
  description: "What the leads are worth, per currency.",
  example: [{ amount: 1500, currency: "EUR" }],
});

export const metricsQuery = z.strictObject({
  from: timestampInputSchema.optional().meta({ description: "Start; 30 days before `to` when absent." }),
  to: timestampInputSchema
    .optional()
    .meta({ description: "End, exclusive; the end of this minute when absent." }),
});

const rate = z.number().min(0).max(1).nullable();
const duration = (share: string) =>
  z
    .number()
    .int()
    .nullable()
    .meta({
      description: `${share} of the stays were shorter, in ms; null when none ended.`,
      example: 86_400_000,
    });
export const pipelineMetricsSchema = z
  .object({
    pipelineId: objectIdSchema,
    from: timestampSchema,
    to: timestampSchema,
    stages: z
      .array(
        z.object({
          stageId: objectIdSchema,
          stageKey: keySchema,
          name: z.string().meta({ description: "Name of the stage.", example: "Proposal" }),
          type: stageType,
          entered: z.number().int().meta({ description: "Times a lead came in." }),
          left: z
            .number()
            .int()
            .meta({ description: "Times a lead went to another stage, also of another pipeline." }),
          movedOn: z.number().int().meta({ description: "Of those: to a later stage or won." }),
          lost: z.number().int().meta({ description: "Of those: lost." }),
          conversion: rate.meta({ description: "movedOn / left; null when nobody left." }),
          timeInStage: z
            .object({ p50Ms: duration("Half"), p90Ms: duration("90 %") })
            .meta({ description: "Of the stays that ended; exact to 2 %." }),
          moves: z
            .array(
              z.object({
                toStageId: objectIdSchema.meta({ description: "Stage that they went to." }),
                count: z.number().int().meta({ description: "How often.", example: 12 }),
              }),
            )
            .meta({ description: "Where in this pipeline those that left went." }),
          leads: z.number().int().meta({ description: "In it now." }),
          values: moneySums,
        }),
      )
      .meta({ description: "One for each stage, in their order." }),
    won: z.number().int().meta({ description: "Leads won in this time." }),
    lost: z.number().int().meta({ description: "Leads lost in this time." }),
    winRate: rate.meta({ description: "won / (won + lost); null when nothing was decided." }),
    wonValues: moneySums.meta({ description: "Worth of the leads won in this time." }),
    openValues: moneySums.meta({ description: "Worth of the open stages now." }),
    forecastValues: moneySums.meta({ description: "The same, each stage by its probability." }),
  })
  .meta({ id: "PipelineMetrics", description: "How leads went through a pipeline in a time." });
export type PipelineMetrics = z.input<typeof pipelineMetricsSchema>;

export const listPipelinesQuery = z.strictObject(pageQuery);

export const pipelineSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    key: keySchema,
    name: z.string().meta({ description: "Name of the pipeline.", example: "Sales" }),
    isDefault,
    currency: currencySchema,
    deleting: z.boolean().meta({ description: "Goes when its stages are empty." }),
    stages: z.array(stageSchema).meta({ description: "In their order." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Pipeline", description: "Stages that leads go through." });
export type Pipeline = z.input<typeof pipelineSchema>;
