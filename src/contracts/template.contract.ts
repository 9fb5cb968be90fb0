/** Message templates as the API shows them; they are Meta's, we keep a copy. */
import * as z from "zod";
import { objectIdSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";
import { templateLanguageSchema, templateVariablesSchema } from "./outgoing.content.contract";

const templateVariableSchema = z
  .object({
    key: z
      .string()
      .meta({ description: "The name under which a send gives its value.", example: "first_name" }),
    place: z
      .enum(["header", "body", "offer", "button"])
      .meta({ description: "Part of the template that it stands in.", example: "body" }),
    type: z
      .enum([
        "text",
        "code",
        "url_suffix",
        "coupon_code",
        "payload",
        "image",
        "video",
        "document",
        "latitude",
        "longitude",
        "time",
        "product",
        "products",
        "catalog",
        "json",
      ])
      .meta({
        description:
          "What the value must be; every value is given as a text. `image`, `video`, `document`: the id of a media item. `time`: RFC 3339, to come. `code`: a one-time code, at most 15 characters. `url_suffix`: the end of a button's address. `payload`: what a tapped quick reply sends back. `products`: ids with commas between them. `json`: an object.",
        example: "text",
      }),
    required: z.boolean().meta({ description: "Whether a send without it is refused." }),
    example: z.string().nullable().meta({ description: "Meta's example value.", example: "Ana" }),
  })
  .meta({ id: "TemplateVariable" });

export const templateSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    wabaId: z
      .string()
      .meta({ description: "Meta's id of its WhatsApp account.", example: "800100200300400" }),
    name: z.string().meta({ description: "Name.", example: "welcome" }),
    language: z.string().meta({ description: "Language as Meta has it.", example: "en_US" }),
    status: z.string().meta({ description: "Meta's word; only APPROVED can be sent.", example: "APPROVED" }),
    sendable: z.boolean().meta({ description: "Whether it can be sent now." }),
    category: z
      .string()
      .meta({ description: "Meta's category; what it costs follows it.", example: "UTILITY" }),
    parameterFormat: z
      .enum(["POSITIONAL", "NAMED"])
      .meta({ description: "Whether variables have numbers or names.", example: "NAMED" }),
    headerFormat: z
      .string()
      .nullable()
      .meta({ description: "TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION, PRODUCT; null without a header." }),
    cards: z
      .number()
      .int()
      .meta({ description: "Cards of a carousel; their variables begin with `card_<n>_`." }),
    variables: z.array(templateVariableSchema).meta({ description: "What a send has to fill in." }),
    components: z.array(z.record(z.string(), z.unknown())).meta({ description: "As Meta has them." }),
    quality: z
      .string()
      .nullable()
      .meta({ description: "Meta's word on its quality; null: none yet.", example: "GREEN" }),
    rejectedReason: z.string().nullable().meta({
      description: "Why Meta refused it, in Meta's word; null: it did not.",
      example: "INVALID_FORMAT",
    }),
    syncedAt: timestampSchema.meta({ description: "When this copy was last compared with Meta's." }),
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
  leadId: objectIdSchema.optional().meta({
    description: "Whose values stand for expressions such as `{{lead.firstName}}` in the variables.",
  }),
  variables: templateVariablesSchema.default({}).meta({
    description: "Values by key; with a lead also expressions, as rules have them.",
    example: { first_name: '{{lead.firstName | default: "there"}}' },
  }),
});

const renderedPart = {
  header: z.string().nullable().meta({ description: "Line on top; null: none, or it is no text." }),
  headerFormat: z
    .string()
    .nullable()
    .meta({ description: "What stands on top; null: nothing.", example: "TEXT" }),
  body: z.string().meta({ description: "The text as the person would see it.", example: "Hello Ana" }),
  footer: z.string().nullable().meta({ description: "Small line below; null: none." }),
  offer: z.string().nullable().meta({ description: "Text of a limited-time offer." }),
  buttons: z.array(z.string()).meta({ description: "What the buttons say, in their order." }),
};

export const templatePreviewSchema = z
  .object({
    ...renderedPart,
    cards: z.array(z.object(renderedPart)).meta({ description: "The cards of a carousel; else empty." }),
    variables: templateVariablesSchema.meta({ description: "The values, with the lead's filled in." }),
    invalid: z
      .array(
        z.object({
          key: z.string().meta({ description: "Key of the variable.", example: "first_name" }),
          detail: z.string().meta({ description: "What is wrong with its value." }),
        }),
      )
      .meta({ description: "Values that do not fit; a send would be refused." }),
    missing: z.array(z.string()).meta({ description: "Variables without a value; a send would be refused." }),
  })
  .meta({ id: "TemplatePreview" });

export const templateSyncSchema = z
  .object({ jobIds: z.array(objectIdSchema).meta({ description: "One job per WhatsApp account." }) })
  .meta({ id: "TemplateSync" });
