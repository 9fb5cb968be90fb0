/** Message templates as the API shows them; they are Meta's, we keep a copy. */
import * as z from "zod";
import { objectIdSchema, pageQuery, timestampSchema } from "./common.contract";
import { templateLanguageSchema, templateVariablesSchema } from "./message.contract";

export const templateVariableSchema = z
  .object({
    key: z
      .string()
      .meta({ description: "The name under which a send gives its value.", example: "first_name" }),
    place: z.enum(["header", "body", "button"]),
    example: z.string().nullable().meta({ description: "Meta's example value.", example: "Ana" }),
  })
  .meta({ id: "TemplateVariable" });

export const templateSchema = z
  .object({
    id: objectIdSchema,
    version: z.number().int(),
    wabaId: z.string(),
    name: z.string(),
    language: z.string(),
    status: z.string().meta({ description: "Meta's word; only APPROVED can be sent.", example: "APPROVED" }),
    sendable: z.boolean(),
    category: z.string(),
    parameterFormat: z.enum(["POSITIONAL", "NAMED"]),
    headerFormat: z
      .string()
      .nullable()
      .meta({ description: "TEXT, IMAGE, VIDEO, DOCUMENT; null without a header." }),
    variables: z.array(templateVariableSchema),
    components: z.array(z.record(z.string(), z.unknown())).meta({ description: "As Meta has them." }),
    quality: z.string().nullable(),
    rejectedReason: z.string().nullable(),
    syncedAt: timestampSchema,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Template", description: "A message template of the tenant's WhatsApp account." });
export type Template = z.output<typeof templateSchema>;

export const templateListQuerySchema = z.strictObject({
  ...pageQuery,
  name: z.string().min(1).max(512).optional().meta({ description: "Exact name.", example: "welcome" }),
  language: templateLanguageSchema.optional(),
  status: z
    .string()
    .regex(/^[A-Z_]{2,40}$/, "must be one of Meta's status words")
    .optional()
    .meta({ description: "Meta's status word.", example: "APPROVED" }),
});
export type TemplateListQuery = z.output<typeof templateListQuerySchema>;

export const templatePreviewBodySchema = z.strictObject({
  variables: templateVariablesSchema.default({}),
});

export const templatePreviewSchema = z
  .object({
    header: z.string().nullable(),
    body: z.string(),
    footer: z.string().nullable(),
    buttons: z.array(z.string()),
    missing: z.array(z.string()).meta({ description: "Variables without a value; a send would be refused." }),
  })
  .meta({ id: "TemplatePreview" });

export const templateSyncSchema = z
  .object({ jobIds: z.array(objectIdSchema).meta({ description: "One job per WhatsApp account." }) })
  .meta({ id: "TemplateSync" });
