/** Leads: the people a tenant talks to, as the API takes and shows them. */
import * as z from "zod";
import {
  actorSchema,
  keySchema,
  moneySchema,
  objectIdSchema,
  pageQuery,
  tagSchema,
  timestampInputSchema,
  timestampSchema,
} from "./common.contract";
import { conditionSchema } from "./condition.contract";
import { customFieldKeySchema } from "./custom.field.contract";
import { problemSchema } from "./problem.contract";
import { countrySchema, localeSchema, timezoneSchema } from "./settings.contract";
import { textLine } from "./text.contract";

export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(z.regexes.email, "must be an e-mail address")
  .meta({ description: "E-mail address; kept in lower case.", example: "ana@example.com" });

const phoneInputSchema = z.string().min(1).max(64).meta({
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

export const mergeLeadSchema = z
  .strictObject({ duplicateId: objectIdSchema.meta({ description: "The lead that is taken in." }) })
  .meta({ id: "LeadMerge" });

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
const statusSchema = z
  .enum(leadStatuses)
  .meta({ description: "Follows the type of the stage.", example: "open" });

export const leadSorts = ["-createdAt", "createdAt", "-updatedAt", "updatedAt", "rank"] as const;

const nullableTime = timestampSchema.nullable();

const consentSchema = z.object({
  optIn: z.boolean(),
  at: timestampSchema,
  source: z.enum(["inbound", "api", "import", "user_preferences"]),
});

export const leadSchema = z
  .object({
    id: objectIdSchema,
    version: z.number().int().meta({ description: "Rises with each change; the ETag.", example: 3 }),
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
    displayName: z.string(),
    phone: z.string().nullable().meta({ description: "E.164.", example: "+5511987654321" }),
    phoneCountry: countrySchema.nullable(),
    waId: z.string().nullable().meta({ description: "The person's WhatsApp id, once known." }),
    waUserId: z.string().nullable().meta({
      description: "The user id by which WhatsApp knows the person to your business, once known.",
    }),
    username: z.string().nullable().meta({ description: "The person's WhatsApp username, once known." }),
    email: z.string().nullable(),
    otherPhones: z
      .array(z.string())
      .meta({ description: "Numbers of leads that were merged into this one; they lead here." }),
    otherEmails: z
      .array(z.string())
      .meta({ description: "Addresses of leads that were merged into this one; they lead here." }),
    externalIds: z.record(z.string(), z.string()),
    company: z.string().nullable(),
    ownerId: z.string().nullable(),
    teamId: objectIdSchema.nullable(),
    pipelineId: objectIdSchema.nullable(),
    stageId: objectIdSchema.nullable(),
    stageEnteredAt: nullableTime,
    stalledAt: nullableTime.meta({
      description: "When it had been in its stage for longer than the stage allows.",
    }),
    rank: z.string().nullable().meta({ description: "Place in the stage; compare as plain text." }),
    status: statusSchema,
    wonAt: nullableTime,
    lostAt: nullableTime,
    lostReason: z.string().nullable(),
    value: moneySchema.nullable(),
    score,
    source: z.string().nullable(),
    sourceDetail: z.record(z.string(), z.unknown()).nullable(),
    tags: z.array(z.string()),
    custom: z.record(z.string(), z.unknown()),
    timezone: z.string().nullable(),
    locale: z.string().nullable(),
    consent: z.object({
      whatsapp: consentSchema.nullable(),
      marketing: consentSchema
        .nullable()
        .meta({ description: "What the person chose for marketing messages alone; null: nothing." }),
      email: consentSchema.nullable().meta({ description: "Consent to e-mail; null: never asked." }),
    }),
    doNotContact,
    doNotContactReason: z.string().nullable().meta({ description: "Why, while `doNotContact` is set." }),
    lastInboundAt: nullableTime,
    lastOutboundAt: nullableTime,
    lastActivityAt: timestampSchema,
    nextMeetingAt: nullableTime,
    mergedFrom: z
      .array(objectIdSchema)
      .meta({ description: "Leads that were merged into this one; their ids lead here." }),
    createdBy: actorSchema,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Lead", description: "A person the tenant talks to." });
export type Lead = z.input<typeof leadSchema>;

const leadFieldNames = Object.keys(leadSchema.shape);
const leadFieldName = z
  .string()
  .refine((name) => leadFieldNames.includes(name), { error: "must be the name of a lead's field" });
const leadExpansions = ["owner", "stage"] as const;
const wordsSchema = z.string().trim().max(200).meta({
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
  q: wordsSchema.optional(),
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
  status: statusSchema.optional(),
  phone: phoneInputSchema.optional(),
  email: emailSchema.optional(),
  createdAfter: timestampInputSchema.optional().meta({ description: "Created at this time or later." }),
  updatedAfter: timestampInputSchema.optional().meta({ description: "Changed at this time or later." }),
});
export type ListLeads = z.output<typeof listLeadsQuery>;

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
    query: wordsSchema.optional(),
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

/** A lead as a search shows it: whole, or the fields that were asked for. */
export const foundLeadSchema = leadSchema
  .partial()
  .required({ id: true, version: true })
  .extend({
    owner: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .optional()
      .meta({ description: "With `expand`: the person, null when there is none with this id." }),
    stage: z
      .object({
        id: objectIdSchema,
        key: z.string(),
        name: z.string(),
        type: statusSchema,
        pipelineId: objectIdSchema,
        pipelineKey: z.string(),
      })
      .nullable()
      .optional()
      .meta({ description: "With `expand`: the stage." }),
  })
  .meta({ id: "FoundLead", description: "A lead that a search found." });
export type FoundLead = z.input<typeof foundLeadSchema>;

const rowFields = z.record(z.string(), z.unknown());
const rowVersion = z
  .number()
  .int()
  .optional()
  .meta({ description: "Only at this version, as If-Match.", example: 3 });

/** One row of a batch. What is wrong with its lead is told in the row's own result. */
export const leadBatchRowSchema = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.literal("create"),
    lead: rowFields.meta({ description: "As POST /leads takes it." }),
  }),
  z.strictObject({
    op: z.literal("update"),
    id: objectIdSchema,
    lead: rowFields.meta({ description: "As PATCH /leads/{id} takes it." }),
    ifMatch: rowVersion,
  }),
  z.strictObject({
    op: z.literal("upsert"),
    by: z
      .union([z.strictObject({ phone: phoneInputSchema }), z.strictObject({ externalId: byExternalParams })])
      .meta({ description: "What the lead is known by.", example: { phone: "+5511987654321" } }),
    lead: rowFields.meta({ description: "As PUT /leads/by-phone takes it." }),
    ifMatch: rowVersion,
  }),
  z.strictObject({ op: z.literal("delete"), id: objectIdSchema, ifMatch: rowVersion }),
]);
export type LeadBatchRow = z.output<typeof leadBatchRowSchema>;

export const leadBatchSchema = z
  .strictObject({
    operations: z
      .array(leadBatchRowSchema)
      .min(1)
      .max(100)
      .meta({
        description: "Done in this order, each on its own: one that fails does not undo another.",
        example: [{ op: "create", lead: { firstName: "Ana" } }],
      }),
  })
  .meta({ id: "LeadBatch" });

export const leadBatchResultSchema = z
  .object({
    succeeded: z.number().int(),
    failed: z.number().int(),
    results: z.array(
      z.object({
        index: z.number().int().meta({ description: "Place of the row, from 0." }),
        status: z
          .number()
          .int()
          .meta({ description: "What the row alone would have been answered.", example: 201 }),
        lead: leadSchema
          .nullable()
          .meta({ description: "The lead as it is now; null for deleted and failed." }),
        problem: problemSchema.partial().nullable().meta({ description: "Why it failed." }),
      }),
    ),
  })
  .meta({ id: "LeadBatchResult", description: "A result per row, in their order." });
export type LeadBatchResult = z.input<typeof leadBatchResultSchema>;

export const duplicateReasons = ["same_phone", "same_mailbox", "same_name"] as const;
export const leadDuplicatesSchema = z
  .object({
    data: z.array(
      z.object({
        lead: leadSchema,
        reasons: z.array(z.enum(duplicateReasons)).meta({ description: "What the two share." }),
      }),
    ),
  })
  .meta({ id: "LeadDuplicates", description: "Leads that may be the same person, the likeliest first." });
export type LeadDuplicates = z.input<typeof leadDuplicatesSchema>;

export const listSuspectsQuery = z.strictObject({
  ...pageQuery,
  reason: z.enum(["same_mailbox", "same_name"]).default("same_mailbox").meta({
    description: "What the leads of a group share: the mailbox, or name and company.",
    example: "same_name",
  }),
});
export type ListSuspects = z.output<typeof listSuspectsQuery>;

export const suspectsSchema = z
  .object({
    reason: z.enum(duplicateReasons),
    count: z.number().int().meta({ description: "How many leads share it.", example: 2 }),
    leads: z.array(leadSchema).meta({ description: "The first 10 of them, the oldest first." }),
  })
  .meta({ id: "SuspectedDuplicates", description: "Leads that may be one person." });
export type Suspects = z.input<typeof suspectsSchema>;
