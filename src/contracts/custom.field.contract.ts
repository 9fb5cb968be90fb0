/** A tenant's own fields of leads: which there are and what they hold. */
import * as z from "zod";
import { keySchema, objectIdSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";
import { textLine } from "./text.contract";

/** Names that JavaScript objects inherit; as keys of stored data they only serve attacks. */
const inheritedNames = new Set([...Object.getOwnPropertyNames(Object.prototype), "prototype"]);

/** Key of a value that callers name themselves. */
export const customFieldKeySchema = keySchema
  .refine((key) => !inheritedNames.has(key), { error: "must not be a reserved name" })
  .meta({ description: "Stable key for rules and integrations.", example: "plan" });

export const customFieldTypes = ["text", "number", "boolean", "date", "select", "multi_select"] as const;
export type CustomFieldType = (typeof customFieldTypes)[number];

const name = textLine(100).meta({ description: "Name of the field.", example: "Plan" });
const options = z
  .array(textLine(200))
  .min(1)
  .max(200)
  .refine((list) => new Set(list).size === list.length, { error: "must not name an option twice" })
  .meta({ description: "What can be chosen; for select and multi_select.", example: ["gold", "silver"] });
const type = z.enum(customFieldTypes).meta({
  description: "`date` is a day such as 2026-12-01; the value of `multi_select` is a list.",
  example: "select",
});

const filterable = z.boolean().meta({
  description: "May searches ask for it? Its values are indexed then, those that leads have in a moment.",
  example: true,
});

export const createCustomFieldSchema = z
  .strictObject({
    key: customFieldKeySchema,
    name,
    type,
    options: options.optional(),
    filterable: filterable.default(false),
  })
  .refine((field) => field.type.endsWith("select") === (field.options !== undefined), {
    error: "must be given for select and multi_select, and for them only",
    path: ["options"],
  })
  .meta({ id: "CustomFieldInput" });
export type CreateCustomField = z.output<typeof createCustomFieldSchema>;

/** Merge patch. Key and type never change: leads hold values of that type. */
export const updateCustomFieldSchema = z
  .strictObject({ name, options, filterable })
  .partial()
  .meta({ id: "CustomFieldPatch" });
export type UpdateCustomField = z.output<typeof updateCustomFieldSchema>;

export const listCustomFieldsQuery = z.strictObject(pageQuery);

export const customFieldSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    key: customFieldKeySchema,
    name: z.string().meta({ description: "Name of the field.", example: "Plan" }),
    type,
    options: z
      .array(z.string())
      .nullable()
      .meta({ description: "What can be chosen; null: it is no selection.", example: ["gold", "silver"] }),
    filterable,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "CustomField", description: "A field of leads that the tenant made." });
export type CustomField = z.input<typeof customFieldSchema>;
