/** Leads that may be one person, and making them one. */
import * as z from "zod";
import { objectIdSchema, pageQuery } from "./common.contract";
import { leadSchema } from "./lead.contract";

const duplicateReasons = ["same_phone", "same_mailbox", "same_name"] as const;
export const leadDuplicatesSchema = z
  .object({
    data: z
      .array(
        z.object({
          lead: leadSchema,
          reasons: z.array(z.enum(duplicateReasons)).meta({ description: "What the two share." }),
        }),
      )
      .meta({ description: "At most a few; each with what speaks for it." }),
  })
  .meta({ id: "LeadDuplicates", description: "Leads that may be the same person, the likeliest first." });
export type LeadDuplicates = z.input<typeof leadDuplicatesSchema>;

export const listSuspectsQuery = z.strictObject({
  ...pageQuery,
  reason: z.enum(["same_mailbox", "same_name"]).default("same_mailbox").meta({
    description: "What the leads of a group share: the mailbox, or name and company.",
    example: "same_name",
  }),
});
export type ListSuspects = z.output<typeof listSuspectsQuery>;

export const suspectsSchema = z
  .object({
    reason: z.enum(duplicateReasons).meta({ description: "What they share.", example: "same_name" }),
    count: z.number().int().meta({ description: "How many leads share it.", example: 2 }),
    leads: z.array(leadSchema).meta({ description: "The first 10 of them, the oldest first." }),
  })
  .meta({ id: "SuspectedDuplicates", description: "Leads that may be one person." });
export type Suspects = z.input<typeof suspectsSchema>;

export const mergeLeadSchema = z
  .strictObject({ duplicateId: objectIdSchema.meta({ description: "The lead that is taken in." }) })
  .meta({ id: "LeadMerge" });
