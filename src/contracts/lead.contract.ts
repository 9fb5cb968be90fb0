/** Leads: the people a tenant talks to, as the API shows them. */
import * as z from "zod";
import { actorSchema, moneySchema, objectIdSchema, timestampSchema, versionSchema } from "./common.contract";
import { countrySchema } from "./settings.contract";

export const scoreSchema = z.number().int().min(-1_000_000).max(1_000_000).meta({
  description: "Score; higher is warmer.",
  example: 40,
});
export const doNotContactSchema = z
  .boolean()
  .meta({ description: "Nothing is sent to the person.", example: false });
export const optInSchema = z.boolean().meta({ description: "True: agreed; false: refused.", example: true });

export const leadStatuses = ["open", "won", "lost"] as const;
export const leadStatusSchema = z
  .enum(leadStatuses)
  .meta({ description: "Follows the type of the stage.", example: "open" });

export const leadSorts = ["-createdAt", "createdAt", "-updatedAt", "updatedAt", "rank"] as const;

const nullableTime = timestampSchema.nullable();

const consentSchema = z.object({
  optIn: optInSchema,
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
    score: scoreSchema,
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
    doNotContact: doNotContactSchema,
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
