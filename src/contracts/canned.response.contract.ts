/** Texts that people write often, under short codes. */
import * as z from "zod";
import { keySchema, objectIdSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";
import { textLine } from "./text.contract";

const shortCode = keySchema.meta({ description: "What people type to find it; unique.", example: "hours" });
const title = textLine(120).meta({ description: "What it is for.", example: "Opening hours" });
const text = z.string().trim().min(1).max(4_096).meta({
  description: 'The text; variables as in rules, e.g. `{{lead.firstName | default: "there"}}`.',
  example: 'Hello {{lead.firstName | default: "there"}}, we open at 9.',
});

export const cannedResponseSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    shortCode,
    title,
    text,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "CannedResponse", description: "A text that people write often." });
export type CannedResponse = z.input<typeof cannedResponseSchema>;

export const createCannedResponseSchema = z.strictObject({ shortCode, title, text }).meta({
  id: "CannedResponseInput",
  example: { shortCode: "hours", title: "Opening hours", text: "We open at 9." },
});
export type CreateCannedResponse = z.output<typeof createCannedResponseSchema>;

export const updateCannedResponseSchema = z
  .strictObject({ shortCode: shortCode.optional(), title: title.optional(), text: text.optional() })
  .meta({ id: "CannedResponsePatch", example: { text: "We open at 10." } });
export type UpdateCannedResponse = z.output<typeof updateCannedResponseSchema>;

export const listCannedResponsesQuery = z.strictObject({
  ...pageQuery,
  startsWith: keySchema.optional().meta({ description: "Only short codes that begin so.", example: "ho" }),
});
export type ListCannedResponses = z.output<typeof listCannedResponsesQuery>;

export const renderCannedResponseSchema = z
  .strictObject({ leadId: objectIdSchema.meta({ description: "For whom." }) })
  .meta({ id: "CannedResponseFor" });

export const renderedCannedResponseSchema = z
  .object({ text: z.string().meta({ description: "The text with the lead's values in it." }) })
  .meta({ id: "RenderedCannedResponse" });
