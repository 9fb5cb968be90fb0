/** Finding leads: lists, searches, and how much of each lead is shown. */
import * as z from "zod";
import {
  keySchema,
  objectIdSchema,
  pageQuery,
  tagSchema,
  timestampInputSchema,
  timestampSchema,
} from "./common.contract";
import { conditionSchema } from "./condition.contract";
import { leadSchema, leadSorts, leadStatusSchema } from "./lead.contract";
import { emailSchema, phoneInputSchema } from "./lead.input.contract";
import { textLine } from "./text.contract";

const leadFieldNames = Object.keys(leadSchema.shape);
const leadFieldName = z
  .string()
  .refine((name) => leadFieldNames.includes(name), { error: "must be the name of a lead's field" });
const leadExpansions = ["owner", "stage"] as const;
export const leadWordsSchema = z.string().trim().max(200).meta({
  description: "Words of name, company, e-mail or phone, from their beginning, without case and accents.",
  example: "ana souza",
});

/** Names of a lead's fields between commas. */
const fieldsQuery = z
  .string()
  .max(2_000)
  .transform((names) => names.split(",").map((name) => name.trim()))
  .pipe(z.array(leadFieldName).min(1).max(100))
  .meta({ description: "Only these fields, beside `id` and `version`.", example: "displayName,phone" });
const expandQuery = z
  .string()
  .max(100)
  .transform((names) => names.split(",").map((name) => name.trim()))
  .pipe(z.array(z.enum(leadExpansions)).min(1))
  .meta({ description: "Also show the `owner`, the `stage` or both beside their ids.", example: "stage" });

/** How a lead is shown in a GET. */
export const showLeadQuery = z.strictObject({
  fields: fieldsQuery.optional(),
  expand: expandQuery.optional(),
});
export type ShowLead = z.output<typeof showLeadQuery>;

export const listLeadsQuery = z.strictObject({
  ...pageQuery,
  ...showLeadQuery.shape,
  q: leadWordsSchema.optional(),
  sort: z.enum(leadSorts).default("-createdAt").meta({
    description: "`-` is newest first; `rank` is the order of the board's column and needs `stageId`.",
    example: "-createdAt",
  }),
  stageId: objectIdSchema.optional(),
  pipelineId: objectIdSchema.optional(),
  ownerId: textLine(128).optional().meta({ description: "Owner.", example: "maria" }),
  teamId: objectIdSchema.optional().meta({ description: "Team." }),
  tag: tagSchema.optional(),
  source: textLine(100).optional().meta({ description: "Source.", example: "website" }),
  status: leadStatusSchema.optional(),
  phone: phoneInputSchema.optional(),
  email: emailSchema.optional(),
  createdAfter: timestampInputSchema.optional().meta({ description: "Created at this time or later." }),
  updatedAfter: timestampInputSchema.optional().meta({ description: "Changed at this time or later." }),
});
export type ListLeads = z.output<typeof listLeadsQuery>;

const searchSorts = [
  "-createdAt",
  "createdAt",
  "-updatedAt",
  "updatedAt",
  "-lastActivityAt",
  "lastActivityAt",
  "-score",
  "score",
] as const;
export const searchLeadsSchema = z
  .strictObject({
    condition: conditionSchema.optional().meta({
      description: "Which leads: the grammar of rules, on fields that begin with `lead.`.",
      example: { all: [{ field: "lead.status", op: "equals", value: "open" }] },
    }),
    query: leadWordsSchema.optional(),
    sort: z.enum(searchSorts).default("-createdAt").meta({ description: "`-` is the highest first." }),
    fields: z
      .array(leadFieldName)
      .min(1)
      .max(100)
      .optional()
      .meta({
        description: "Only these fields, beside `id` and `version`.",
        example: ["displayName", "phone"],
      }),
    expand: z
      .array(z.enum(leadExpansions))
      .max(leadExpansions.length)
      .optional()
      .meta({ description: "Also show these beside their ids.", example: ["stage"] }),
    limit: pageQuery.limit,
    cursor: pageQuery.cursor,
  })
  .meta({ id: "LeadSearch" });
export type SearchLeads = z.output<typeof searchLeadsSchema>;

export const listDeletedLeadsQuery = z.strictObject(pageQuery);

/** A lead that can be restored. */
export const deletedLeadSchema = leadSchema
  .extend({ deletedAt: timestampSchema.meta({ description: "When it was deleted." }) })
  .meta({ id: "DeletedLead", description: "A lead that was deleted and can be restored." });
export type DeletedLead = z.input<typeof deletedLeadSchema>;

/** A lead as a search shows it: whole, or the fields that were asked for. */
export const foundLeadSchema = leadSchema
  .partial()
  .required({ id: true, version: true })
  .extend({
    owner: z
      .object({
        id: z.string().meta({ description: "Key of the user.", example: "maria" }),
        name: z.string().meta({ description: "The user's name.", example: "Maria Santos" }),
      })
      .nullable()
      .optional()
      .meta({ description: "With `expand`: the person, null when there is none with this id." }),
    stage: z
      .object({
        id: objectIdSchema,
        key: keySchema,
        name: z.string().meta({ description: "Name of the stage.", example: "Proposal" }),
        type: leadStatusSchema,
        pipelineId: objectIdSchema.meta({ description: "Its pipeline." }),
        pipelineKey: z.string().meta({ description: "Key of its pipeline.", example: "sales" }),
      })
      .nullable()
      .optional()
      .meta({ description: "With `expand`: the stage." }),
  })
  .meta({ id: "FoundLead", description: "A lead that a search found." });
export type FoundLead = z.input<typeof foundLeadSchema>;
