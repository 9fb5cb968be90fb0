/** Why deals are lost: a list that the tenant keeps. */
import * as z from "zod";
import { keySchema, objectIdSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";
import { textLine } from "./text.contract";

const name = textLine(100).meta({ description: "What people choose.", example: "Too expensive" });
const order = z.number().int().min(0).max(10_000).meta({ description: "Place in the list.", example: 0 });

export const createLostReasonSchema = z
  .strictObject({
    name,
    key: keySchema
      .optional()
      .meta({ description: "Stable key for rules; made from the name when absent.", example: "price" }),
    order: order.optional(),
  })
  .meta({ id: "LostReasonInput" });
export type CreateLostReason = z.output<typeof createLostReasonSchema>;

/** Merge patch. The key never changes: leads and rules hold on to it. */
export const updateLostReasonSchema = z
  .strictObject({
    name,
    order,
    archived: z.boolean().meta({ description: "It cannot be chosen any more.", example: true }),
  })
  .partial()
  .meta({ id: "LostReasonPatch" });
export type UpdateLostReason = z.output<typeof updateLostReasonSchema>;

export const listLostReasonsQuery = z.strictObject(pageQuery);

export const lostReasonSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    key: keySchema,
    name: z.string().meta({ description: "What people choose.", example: "Too expensive" }),
    order,
    archived: z.boolean().meta({ description: "It cannot be chosen any more." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "LostReason", description: "Why a deal was lost." });
export type LostReason = z.input<typeof lostReasonSchema>;
