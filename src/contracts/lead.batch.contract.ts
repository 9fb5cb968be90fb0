/** Changing up to a hundred leads in one request. */
import * as z from "zod";
import { objectIdSchema } from "./common.contract";
import { leadSchema } from "./lead.contract";
import { byExternalParams, phoneInputSchema } from "./lead.input.contract";
import { problemSchema } from "./problem.contract";

const rowFields = z.record(z.string(), z.unknown());
const rowVersion = z
  .number()
  .int()
  .optional()
  .meta({ description: "Only at this version, as If-Match.", example: 3 });

/** One row of a batch. What is wrong with its lead is told in the row's own result. */
const leadBatchRowSchema = z.discriminatedUnion("op", [
  z
    .strictObject({
      op: z.literal("create"),
      lead: rowFields.meta({ description: "As POST /leads takes it." }),
    })
    .meta({ description: "Makes a lead." }),
  z
    .strictObject({
      op: z.literal("update"),
      id: objectIdSchema.meta({ description: "The lead to change." }),
      lead: rowFields.meta({ description: "As PATCH /leads/{id} takes it." }),
      ifMatch: rowVersion,
    })
    .meta({ description: "Changes a lead." }),
  z
    .strictObject({
      op: z.literal("upsert"),
      by: z
        .union([
          z.strictObject({ phone: phoneInputSchema }),
          z.strictObject({
            externalId: byExternalParams.meta({ description: "The lead's id in another system." }),
          }),
        ])
        .meta({ description: "What the lead is known by.", example: { phone: "+5511987654321" } }),
      lead: rowFields.meta({ description: "As PUT /leads/by-phone takes it." }),
      ifMatch: rowVersion,
    })
    .meta({ description: "Changes the lead that is known by this, or makes it." }),
  z
    .strictObject({
      op: z.literal("delete"),
      id: objectIdSchema.meta({ description: "The lead to delete." }),
      ifMatch: rowVersion,
    })
    .meta({ description: "Deletes a lead; it can be restored." }),
]);
export type LeadBatchRow = z.output<typeof leadBatchRowSchema>;

export const leadBatchSchema = z
  .strictObject({
    operations: z
      .array(leadBatchRowSchema)
      .min(1)
      .max(100)
      .meta({
        description: "Done in this order, each on its own: one that fails does not undo another.",
        example: [{ op: "create", lead: { firstName: "Ana" } }],
      }),
  })
  .meta({ id: "LeadBatch" });

export const leadBatchResultSchema = z
  .object({
    succeeded: z.number().int().meta({ description: "Rows that were done.", example: 98 }),
    failed: z.number().int().meta({ description: "Rows that were not; each says why.", example: 2 }),
    results: z
      .array(
        z.object({
          index: z.number().int().meta({ description: "Place of the row, from 0." }),
          status: z
            .number()
            .int()
            .meta({ description: "What the row alone would have been answered.", example: 201 }),
          lead: leadSchema
            .nullable()
            .meta({ description: "The lead as it is now; null for deleted and failed." }),
          problem: problemSchema.partial().nullable().meta({ description: "Why it failed." }),
        }),
      )
      .meta({ description: "What became of each row." }),
  })
  .meta({ id: "LeadBatchResult", description: "A result per row, in their order." });
export type LeadBatchResult = z.input<typeof leadBatchResultSchema>;
