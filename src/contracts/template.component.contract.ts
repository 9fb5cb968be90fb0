/**
 * Components of a template as far as we fill them; Meta writes types in upper or lower case.
 * @see https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components
 */
import * as z from "zod";

const word = z.string().transform((value) => value.toUpperCase());

const namedExamples = z.array(z.looseObject({ param_name: z.string(), example: z.string() }));

const templateExampleSchema = z
  .looseObject({
    header_text: z.array(z.string()).optional().catch(undefined),
    body_text: z.array(z.array(z.string())).optional().catch(undefined),
    header_text_named_params: namedExamples.optional().catch(undefined),
    body_text_named_params: namedExamples.optional().catch(undefined),
  })
  .optional()
  .catch(undefined);

const templateButtonSchema = z.looseObject({
  type: word,
  text: z.string().default(""),
  url: z.string().optional().catch(undefined),
  example: z
    .union([z.array(z.string()), z.string().transform((example) => [example])])
    .optional()
    .catch(undefined),
});
export type TemplateButton = z.output<typeof templateButtonSchema>;

export const templateComponentSchema = z.looseObject({
  type: word,
  format: word.optional(),
  text: z.string().default(""),
  buttons: z.array(templateButtonSchema).default([]),
  example: templateExampleSchema,
  /** Of a carousel: each card is a small template. */
  cards: z.array(z.looseObject({ components: z.array(z.unknown()) })).default([]),
  limited_time_offer: z
    .looseObject({ text: z.string().default(""), has_expiration: z.boolean().default(false) })
    .optional()
    .catch(undefined),
});
export type TemplateComponent = z.output<typeof templateComponentSchema>;
