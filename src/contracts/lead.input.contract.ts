/** Leads as the API takes them: what may be written, the keys they are found by, and tags. */
import * as z from "zod";
import { moneySchema, objectIdSchema, tagSchema } from "./common.contract";
import { customFieldKeySchema } from "./custom.field.contract";
import { doNotContactSchema, optInSchema, scoreSchema } from "./lead.contract";
import { localeSchema, timezoneSchema } from "./settings.contract";
import { textLine } from "./text.contract";

export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(z.regexes.email, "must be an e-mail address")
  .meta({ description: "E-mail address; kept in lower case.", example: "ana@example.com" });

export const phoneInputSchema = z.string().min(1).max(64).meta({
  description: "Phone number in any spelling; without + it is read in the tenant's default country.",
  example: "+5511987654321",
});

const customValueSchema = z.union([
  z.string().max(2_000).normalize("NFC"),
  z.number(),
  z.boolean(),
  z.array(z.string().max(200).normalize("NFC")).max(100),
]);
const hundredKeys = (record: Record<string, unknown>) => Object.keys(record).length <= 100;

const externalIdsSchema = z
  .record(customFieldKeySchema, z.string().trim().min(1).max(200))
  .refine((record) => Object.keys(record).length <= 20, { error: "must not name more than 20 systems" })
  .meta({ description: "The lead's id in other systems, one per system.", example: { shop: "C-1042" } });

const sourceDetailSchema = z
  .record(customFieldKeySchema, z.string().max(500))
  .refine(hundredKeys, { error: "must not hold more than 100 keys" })
  .meta({
    description: "Where exactly the lead came from.",
    example: { campaign: "spring", utm_medium: "cpc" },
  });

const tagsSchema = z
  .array(tagSchema)
  .max(100)
  .overwrite((tags) => [...new Set(tags.map((tag) => tag.normalize("NFC")))])
  .meta({ description: "Tags, without duplicates.", example: ["fair2026"] });

const nullableFields = {
  firstName: textLine(200).meta({ description: "First name.", example: "Ana" }).nullish(),
  lastName: textLine(200).meta({ description: "Last name.", example: "Souza" }).nullish(),
  phone: phoneInputSchema.nullish(),
  email: emailSchema.nullish(),
  company: textLine(200).meta({ description: "Company.", example: "Padaria Sol" }).nullish(),
  ownerId: textLine(128).meta({ description: "Who looks after the lead.", example: "maria" }).nullish(),
  teamId: objectIdSchema.meta({ description: "The team that looks after the lead." }).nullish(),
  value: moneySchema.meta({ description: "What the deal is worth." }).nullish(),
  source: textLine(100).meta({ description: "Where the lead came from.", example: "website" }).nullish(),
  sourceDetail: sourceDetailSchema.nullish(),
  timezone: timezoneSchema.nullish(),
  locale: localeSchema.nullish(),
  doNotContactReason: textLine(500)
    .meta({
      description: "Why nothing may be sent; kept for as long as `doNotContact` is set.",
      example: "Asked by phone not to be written to.",
    })
    .nullish(),
};

const consentInput = z
  .strictObject({
    whatsapp: z
      .strictObject({ optIn: optInSchema })
      .optional()
      .meta({ description: "Consent to WhatsApp messages." }),
    marketing: z
      .strictObject({ optIn: optInSchema })
      .optional()
      .meta({ description: "Consent to marketing templates; the person may also choose it in WhatsApp." }),
    email: z.strictObject({ optIn: optInSchema }).optional().meta({ description: "Consent to e-mail." }),
  })
  .meta({ description: "What the person agreed to.", example: { whatsapp: { optIn: true } } });

const writable = {
  ...nullableFields,
  displayName: textLine(400)
    .optional()
    .meta({ description: "Name to show; made from the other fields when absent.", example: "Ana Souza" }),
  score: scoreSchema.optional(),
  doNotContact: doNotContactSchema.optional(),
  consent: consentInput.optional(),
  tags: tagsSchema.optional(),
};

export const createLeadSchema = z
  .strictObject({
    ...writable,
    externalIds: externalIdsSchema.optional(),
    custom: z
      .record(customFieldKeySchema, customValueSchema)
      .refine(hundredKeys, { error: "must not hold more than 100 keys" })
      .optional()
      .meta({ description: "The tenant's own fields, by key.", example: { plan: "gold" } }),
    pipelineId: objectIdSchema.optional().meta({ description: "Default: the tenant's default pipeline." }),
    stageId: objectIdSchema.optional().meta({ description: "Default: the pipeline's first open stage." }),
  })
  .refine(
    (lead) =>
      [lead.displayName, lead.firstName, lead.lastName, lead.company, lead.phone, lead.email].some(Boolean),
    { error: "give at least one of displayName, firstName, lastName, company, phone and email" },
  )
  .meta({
    id: "LeadInput",
    example: {
      firstName: "Ana",
      lastName: "Souza",
      phone: "+5511987654321",
      source: "website",
      tags: ["fair2026"],
    },
  });
export type CreateLead = z.output<typeof createLeadSchema>;

/** RFC 7396 merge patch: absent stays, null removes. In `custom` and `externalIds` per key. */
export const updateLeadSchema = z
  .strictObject({
    ...writable,
    externalIds: z
      .record(customFieldKeySchema, z.string().trim().min(1).max(200).nullable())
      .optional()
      .meta({ description: "Ids to set, or null to remove, per system.", example: { shop: "C-1042" } }),
    custom: z
      .record(customFieldKeySchema, customValueSchema.nullable())
      .refine(hundredKeys, { error: "must not hold more than 100 keys" })
      .optional()
      .meta({ description: "Fields to set, or null to remove, by key.", example: { plan: null } }),
  })
  .meta({ id: "LeadPatch", example: { company: "Padaria Sol", score: 40 } });
export type UpdateLead = z.output<typeof updateLeadSchema>;

/** Upserts: the key is in the path, the rest is a merge patch. */
export const byPhoneParams = z.strictObject({ e164: phoneInputSchema });
export const upsertByPhoneSchema = updateLeadSchema
  .omit({ phone: true })
  .meta({ id: "LeadUpsert", example: { firstName: "Ana", company: "Padaria Sol" } });
export const byExternalParams = z.strictObject({
  system: customFieldKeySchema.meta({ description: "The other system.", example: "shop" }),
  id: z.string().trim().min(1).max(200).meta({ description: "The lead's id there.", example: "C-1042" }),
});

export const leadTagsSchema = z
  .strictObject({
    tags: tagsSchema.min(1),
  })
  .meta({ id: "LeadTags" });

/** Tags to take away: in the body, or as `tag` in the query for clients that send no body with DELETE. */
export const removeTagsQuery = z.strictObject({
  tag: z
    .union([tagSchema, z.array(tagSchema).max(100)])
    .optional()
    .meta({ description: "Tag to remove; may be repeated.", example: "fair2026" }),
});
