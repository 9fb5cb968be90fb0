/** A lead's way through the stages: the move, and the stays it leaves behind. */
import * as z from "zod";
import { actorSchema, keySchema, objectIdSchema, timestampSchema } from "./common.contract";

export const moveLeadSchema = z
  .strictObject({
    stageId: objectIdSchema.meta({ description: "The stage to move to." }),
    beforeId: objectIdSchema.optional().meta({ description: "Put it right before this lead of the stage." }),
    afterId: objectIdSchema.optional().meta({ description: "Put it right after this lead of the stage." }),
    lostReason: keySchema
      .optional()
      .meta({ description: "Key of the reason; for stages of type lost only.", example: "price" }),
  })
  .meta({ id: "LeadMove" });
export type MoveLead = z.output<typeof moveLeadSchema>;

export const stageVisitSchema = z
  .object({
    id: objectIdSchema,
    pipelineId: objectIdSchema,
    fromStageId: objectIdSchema.nullable(),
    toStageId: objectIdSchema,
    enteredAt: timestampSchema,
    leftAt: timestampSchema.nullable(),
    durationMs: z.number().int().nullable().meta({ description: "Time in the stage, once it is left." }),
    actor: actorSchema,
  })
  .meta({ id: "StageVisit", description: "One stay of a lead in one stage." });
export type StageVisit = z.input<typeof stageVisitSchema>;
