/** The names that a tenant uses for tags and for sources: small lists, for people to choose from. */
import * as z from "zod";
import { objectIdSchema, pageQuery, tagSchema, timestampSchema } from "./common.contract";
import { textLine } from "./text.contract";

export const vocabularyKinds = ["tag", "source"] as const;
export type VocabularyKind = (typeof vocabularyKinds)[number];

const color = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, "must be a colour such as #2f855a")
  .nullable()
  .meta({ description: "Colour to show it in.", example: "#2f855a" });

/** What may be a name, as leads take it. */
const names = {
  tag: tagSchema,
  source: textLine(100).meta({ description: "Where leads come from.", example: "website" }),
} as const;

export const createTagSchema = z
  .strictObject({ name: names.tag, color: color.optional() })
  .meta({ id: "TagInput", example: { name: "fair2026", color: "#2f855a" } });
export const createSourceSchema = z
  .strictObject({ name: names.source, color: color.optional() })
  .meta({ id: "SourceInput", example: { name: "website" } });
export type CreateName = z.output<typeof createSourceSchema>;

/** Merge patch. The name stays: leads and rules hold on to it. */
export const updateNameSchema = z
  .strictObject({ color })
  .partial()
  .meta({ id: "NamePatch", example: { color: "#2f855a" } });
export type UpdateName = z.output<typeof updateNameSchema>;

export const listNamesQuery = z.strictObject({
  ...pageQuery,
  q: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: "How the name begins, without case and accents.", example: "fa" }),
});
export type ListNames = z.output<typeof listNamesQuery>;

const shape = {
  id: objectIdSchema,
  version: z.number().int().meta({ description: "Rises with each change; the ETag.", example: 1 }),
  name: z.string().meta({ description: "The name as leads have it.", example: "fair2026" }),
  color,
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
};
export const tagEntrySchema = z.object(shape).meta({ id: "Tag", description: "A tag that leads may have." });
export const sourceEntrySchema = z
  .object(shape)
  .meta({ id: "Source", description: "A source that leads may come from." });
export type NameEntry = z.input<typeof tagEntrySchema>;
