/** Searches for leads that people keep under a name: lists on a screen, audiences of broadcasts. */
import * as z from "zod";
import { objectIdSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";
import { conditionSchema } from "./condition.contract";
import { leadWordsSchema } from "./lead.search.contract";
import { textLine } from "./text.contract";

const name = textLine(120).meta({ description: "What it finds; unique.", example: "Open deals in Lisbon" });
const condition = conditionSchema.meta({
  description: "Which leads: the grammar of rules, on fields that begin with `lead.`.",
  example: { all: [{ field: "lead.status", op: "equals", value: "open" }] },
});

export const savedSearchSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    name,
    condition: condition.nullable(),
    query: z.string().nullable().meta({ description: "Words, as in a search.", example: "lisbon" }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "SavedSearch", description: "A search for leads under a name." });
export type SavedSearch = z.input<typeof savedSearchSchema>;

export const createSavedSearchSchema = z
  .strictObject({ name, condition: condition.optional(), query: leadWordsSchema.optional() })
  .refine((search) => search.condition !== undefined || search.query !== undefined, {
    error: "must have a condition, words, or both",
  })
  .meta({
    id: "SavedSearchInput",
    example: {
      name: "Open deals",
      condition: { all: [{ field: "lead.status", op: "equals", value: "open" }] },
    },
  });
export type CreateSavedSearch = z.output<typeof createSavedSearchSchema>;

export const updateSavedSearchSchema = z
  .strictObject({
    name: name.optional(),
    condition: condition.nullable().optional(),
    query: leadWordsSchema.nullable().optional(),
  })
  .meta({ id: "SavedSearchPatch", example: { name: "Open deals in Porto" } });
export type UpdateSavedSearch = z.output<typeof updateSavedSearchSchema>;

export const listSavedSearchesQuery = z.strictObject({ ...pageQuery });
