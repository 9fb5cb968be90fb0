/** Leads: the people a tenant talks to, as the API takes and shows them. */
import * as z from "zod";
import {
  actorSchema,
  keySchema,
  moneySchema,
  objectIdSchema,
  tagSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { customFieldKeySchema } from "./custom.field.contract";
import { countrySchema, localeSchema, timezoneSchema } from "./settings.contract";
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

const score = z.number().int().min(-1_000_000).max(1_000_000).meta({
  description: "Score; higher is warmer.",
  example: 40,
});
const doNotContact = z.boolean().meta({ description: "Nothing is sent to the person.", example: false });
const optIn = z.boolean().meta({ description: "True: agreed; false: refused.", example: true });
const consentInput = z
  .strictObject({
    whatsapp: z.strictObject({ optIn }).optional().meta({ description: "Consent to WhatsApp messages." }),
    marketing: z
      .strictObject({ optIn })
      .optional()
      .meta({ description: "Consent to marketing templates; the person may also choose it in WhatsApp." }),
    email: z.strictObject({ optIn }).optional().meta({ description: "Consent to e-mail." }),
  })
  .meta({ description: "What the person agreed to.", example: { whatsapp: { optIn: true } } });

const writable = {
  ...nullableFields,
  displayName: textLine(400)
    .optional()
    .meta({ description: "Name to show; made from the other fields when absent.", example: "Ana Souza" }),
  score: score.optional(),
  doNotContact: doNotContact.optional(),
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

export const moveLeadSchema = z
  .strictObject({
    stageId: objectIdSchema.meta({ description: "The stage to move to." }),
    beforeId: objectIdSchema.optional().meta({ description: "Put it right before this lead of the stage." }),
    afterId: objectIdSchema.optional().meta({ description: "Put it right after this lead of the stage." }),
    lostReason: keySchema
      .optional()
      .meta({ description: "Key of the reason; for stages of type lost only.", example: "price" }),
  })
  .meta({ id: "LeadMove" });
export type MoveLead = z.output<typeof moveLeadSchema>;

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

export const leadStatuses = ["open", "won", "lost"] as const;
export const leadStatusSchema = z
  .enum(leadStatuses)
  .meta({ description: "Follows the type of the stage.", example: "open" });

export const leadSorts = ["-createdAt", "createdAt", "-updatedAt", "updatedAt", "rank"] as const;

const nullableTime = timestampSchema.nullable();

const consentSchema = z.object({
  optIn,
  at: timestampSchema.meta({ description: "When it was given or refused." }),
  source: z.enum(["inbound", "api", "import", "user_preferences"]).meta({
    description:
      "How: the person wrote to us, by this API, with an import, or by the person's choice in WhatsApp.",
    example: "inbound",
  }),
});

export const leadSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    firstName: z.string().nullable().meta({ description: "First name; null: unknown.", example: "Ana" }),
    lastName: z.string().nullable().meta({ description: "Last name; null: unknown.", example: "Souza" }),
    displayName: z.string().meta({
      description: "Name to show: as it was given, else made from names, company, phone or e-mail.",
      example: "Ana Souza",
    }),
    phone: z.string().nullable().meta({ description: "E.164.", example: "+5511987654321" }),
    phoneCountry: countrySchema.nullable().meta({ description: "Country of the phone number, ISO 3166-1." }),
    waId: z.string().nullable().meta({ description: "The person's WhatsApp id, once known." }),
    waUserId: z.string().nullable().meta({
      description: "The user id by which WhatsApp knows the person to your business, once known.",
    }),
    username: z.string().nullable().meta({ description: "The person's WhatsApp username, once known." }),
    email: z
      .string()
      .nullable()
      .meta({ description: "E-mail address in lower case; null: unknown.", example: "ana@example.com" }),
    otherPhones: z
      .array(z.string())
      .meta({ description: "Numbers of leads that were merged into this one; they lead here." }),
    otherEmails: z
      .array(z.string())
      .meta({ description: "Addresses of leads that were merged into this one; they lead here." }),
    externalIds: z
      .record(z.string(), z.string())
      .meta({ description: "The lead's id in other systems, by system.", example: { shop: "C-1042" } }),
    company: z.string().nullable().meta({ description: "Company; null: unknown.", example: "Padaria Sol" }),
    ownerId: z
      .string()
      .nullable()
      .meta({ description: "Key of the user who looks after the lead; null: nobody.", example: "maria" }),
    teamId: objectIdSchema.nullable().meta({ description: "Team that looks after the lead; null: none." }),
    pipelineId: objectIdSchema.nullable().meta({ description: "Pipeline that the lead is in; null: none." }),
    stageId: objectIdSchema.nullable().meta({ description: "Stage that the lead is in; null: none." }),
    stageEnteredAt: nullableTime.meta({ description: "When it came into its stage." }),
    stalledAt: nullableTime.meta({
      description: "When it had been in its stage for longer than the stage allows.",
    }),
    rank: z.string().nullable().meta({
      description:
        "Place in the stage; compare as plain text, and only with ranks of the same answer: a crowded stage may be given new ranks in the same order, which is no change of its leads.",
    }),
    status: leadStatusSchema,
    wonAt: nullableTime.meta({ description: "When it was won; null: it is not won." }),
    lostAt: nullableTime.meta({ description: "When it was lost; null: it is not lost." }),
    lostReason: z
      .string()
      .nullable()
      .meta({ description: "Key of the reason why it was lost; null: none was given.", example: "price" }),
    value: moneySchema.nullable().meta({ description: "What the deal is worth; null: unknown." }),
    score,
    source: z
      .string()
      .nullable()
      .meta({ description: "Where the lead came from; null: unknown.", example: "website" }),
    sourceDetail: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: "Where exactly it came from.", example: { campaign: "spring" } }),
    tags: z.array(z.string()).meta({ description: "Tags, without duplicates.", example: ["fair2026"] }),
    custom: z
      .record(z.string(), z.unknown())
      .meta({ description: "Values of the tenant's own fields, by key.", example: { plan: "gold" } }),
    timezone: z.string().nullable().meta({
      description: "The person's IANA time zone; null: the tenant's is used.",
      example: "America/Sao_Paulo",
    }),
    locale: z
      .string()
      .nullable()
      .meta({ description: "The person's language; null: unknown.", example: "pt-BR" }),
    consent: z
      .object({
        whatsapp: consentSchema
          .nullable()
          .meta({ description: "Consent to WhatsApp messages; null: never asked." }),
        marketing: consentSchema
          .nullable()
          .meta({ description: "What the person chose for marketing messages alone; null: nothing." }),
        email: consentSchema.nullable().meta({ description: "Consent to e-mail; null: never asked." }),
      })
      .meta({ description: "What the person agreed to." }),
    doNotContact,
    doNotContactReason: z.string().nullable().meta({ description: "Why, while `doNotContact` is set." }),
    lastInboundAt: nullableTime.meta({ description: "When the person last wrote." }),
    lastOutboundAt: nullableTime.meta({ description: "When the person was last written to." }),
    lastActivityAt: timestampSchema.meta({ description: "When anything last happened with the lead." }),
    nextMeetingAt: nullableTime.meta({ description: "Start of the next meeting; null: none is planned." }),
    mergedFrom: z
      .array(objectIdSchema)
      .meta({ description: "Leads that were merged into this one; their ids lead here." }),
    createdBy: actorSchema,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Lead", description: "A person the tenant talks to." });
export type Lead = z.input<typeof leadSchema>;

export const stageVisitSchema = z
  .object({
    id: objectIdSchema,
    pipelineId: objectIdSchema,
    fromStageId: objectIdSchema.nullable(),
    toStageId: objectIdSchema,
    enteredAt: timestampSchema,
    leftAt: nullableTime,
    durationMs: z.number().int().nullable().meta({ description: "Time in the stage, once it is left." }),
    actor: actorSchema,
  })
  .meta({ id: "StageVisit", description: "One stay of a lead in one stage." });
export type StageVisit = z.input<typeof stageVisitSchema>;
