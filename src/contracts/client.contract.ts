/** Clients as the platform's administration sees them. */
import * as z from "zod";
import { clientCodeSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";
import { noControlCharacters } from "./text.contract";

export const clientStatuses = ["provisioning", "active", "suspended", "offboarding"] as const;

const clientName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(noControlCharacters, "must not hold control characters")
  .meta({ description: "Name of the company.", example: "Demo Ltd" });

const connectionString = z
  .string()
  .max(2_000)
  .regex(/^mongodb(\+srv)?:\/\/[^\s]+$/, "must start with mongodb:// or mongodb+srv://")
  .meta({
    description: "Connection string of the cluster that holds the data. Absent: the central cluster.",
    example: "mongodb://user:password@host:27017/?replicaSet=rs0",
  });

const databaseName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,63}$/, "must be 1 to 63 letters, digits, dashes or underscores")
  .refine((name) => !["admin", "local", "config"].includes(name.toLowerCase()), "is a name of MongoDB's own")
  .meta({ description: "Name of the client's database.", example: "services_t_demo" });

const keyName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(noControlCharacters, "must not hold control characters")
  .meta({ description: "What the key is for.", example: "website" });

export const clientCodeParam = z.strictObject({
  clientCode: z.string().max(64).meta({ description: "Short name of the client.", example: "demo" }),
});

export const keyParam = clientCodeParam.extend({
  keyId: z.string().max(16).meta({ description: "Public part of the key.", example: "a1B2c3D4" }),
});

export const listClientsQuery = z.strictObject({
  ...pageQuery,
  status: z
    .enum(clientStatuses)
    .optional()
    .meta({ description: "Only clients in this state.", example: "active" }),
});

/** What a new client needs; only its code and name have no default. */
export const newClientSchema = z.strictObject({
  clientCode: z.string().superRefine(refuseBadCode).meta({
    description: "Short name, 2 to 30 lower case letters, digits or inner dashes. It never changes.",
    example: "demo",
  }),
  name: clientName,
  uri: connectionString.optional(),
  dbName: databaseName.optional(),
  keyName: keyName.default("first key"),
  timezone: z
    .string()
    .max(64)
    .refine(isTimeZone, "must be an IANA time zone such as Europe/Berlin")
    .default("UTC")
    .meta({
      description: "Time zone that rules and meetings go by.",
      example: "Europe/Berlin",
    }),
  defaultCountry: z
    .string()
    .regex(/^[A-Z]{2}$/, "must be an ISO 3166 code such as DE")
    .default("GB")
    .meta({ description: "Country that local phone numbers are read in.", example: "DE" }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR")
    .default("EUR")
    .meta({ description: "Currency of deals.", example: "EUR" }),
});
export type NewClient = z.infer<typeof newClientSchema>;

const shownScopes = z.array(z.string()).meta({ description: "What it may do.", example: ["leads:read"] });

export const apiKeyViewSchema = z
  .object({
    keyId: z.string().meta({ description: "Public part of the key.", example: "a1B2c3D4" }),
    name: z.string().meta({ description: "What the key is for.", example: "website" }),
    last4: z.string().meta({ description: "Last four letters of the key.", example: "9xYz" }),
    scopes: shownScopes,
    createdAt: timestampSchema,
    expiresAt: timestampSchema.nullable().meta({ description: "When it ends by itself; null: never." }),
    revokedAt: timestampSchema.nullable().meta({ description: "When it was ended; null: it was not." }),
    lastUsedAt: timestampSchema.nullable().meta({ description: "When it was last used; null: never." }),
  })
  .meta({ id: "ApiKey", description: "An API key without its secret." });
export type ApiKeyView = z.infer<typeof apiKeyViewSchema>;

const shownCode = z.string().meta({ description: "Short name of the client.", example: "demo" });

export const clientViewSchema = z
  .object({
    clientCode: shownCode,
    name: z.string().meta({ description: "Name of the company.", example: "Demo Ltd" }),
    status: z
      .enum(clientStatuses)
      .meta({ description: "Only an `active` client's keys work.", example: "active" }),
    suspendedReason: z
      .string()
      .nullable()
      .meta({ description: "Why it is suspended; null: it is not, or no reason was given." }),
    suspendedAt: timestampSchema.nullable().meta({ description: "When it was suspended; null: it is not." }),
    dbName: z
      .string()
      .nullable()
      .meta({ description: "Name of its database; null: it has none yet.", example: "services_t_demo" }),
    dataSourceVersion: z.number().int().nullable().meta({ description: "Rises with each rotation." }),
    migrated: z.array(z.string()).meta({ description: "Migrations that its database has." }),
    apiKeys: z.array(apiKeyViewSchema).meta({ description: "Its keys, without their secrets." }),
    version: versionSchema,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Client", description: "A tenant of the platform." });
export type ClientView = z.infer<typeof clientViewSchema>;

/** A key at the only moment it is shown. */
export const shownApiKeySchema = z
  .object({
    key: z.string().meta({ description: "The whole key. It is shown this once and cannot be read again." }),
    keyId: z.string().meta({ description: "Public part of the key.", example: "a1B2c3D4" }),
    name: z.string().meta({ description: "What the key is for.", example: "website" }),
    scopes: shownScopes,
    expiresAt: timestampSchema.nullable().meta({ description: "When it ends by itself; null: never." }),
  })
  .meta({ id: "NewApiKey", description: "A new API key, shown once." });
export type ShownApiKey = z.infer<typeof shownApiKeySchema>;

export const createdClientSchema = z
  .object({ client: clientViewSchema, apiKey: shownApiKeySchema })
  .meta({ id: "CreatedClient", description: "The new client and its first key." });
export type CreatedClient = z.infer<typeof createdClientSchema>;

export const rotateKeySchema = z.strictObject({
  name: keyName.default("rotated key"),
  /** Absent: the other keys stay as they are. */
  overlapHours: z.number().min(0).max(168).default(24).meta({
    description: "How long the keys that are replaced still work, in hours.",
    example: 24,
  }),
  replaces: z.array(z.string().max(16)).max(20).optional().meta({
    description: "Ids of the keys that it replaces. Absent: every key that works now.",
  }),
});
export type RotateKey = z.infer<typeof rotateKeySchema>;

export const rotateUriSchema = z.strictObject({
  uri: connectionString,
  dbName: databaseName.optional(),
});
export type RotateUri = z.infer<typeof rotateUriSchema>;

export const suspendSchema = z.strictObject({
  reason: z.string().trim().min(1).max(300).optional().meta({
    description: "Why; for the platform team.",
    example: "unpaid invoice",
  }),
});

export const migrateSchema = z.strictObject({
  contract: z.boolean().default(false).meta({
    description: "Also drop and replace indexes no longer declared so, when no older version runs.",
    example: false,
  }),
});

export const offboardSchema = z.strictObject({
  confirm: z.string().max(64).meta({ description: "The client's code once more.", example: "demo" }),
});

export const offboardedSchema = z
  .object({
    clientCode: shownCode,
    exported: z
      .object({
        folder: z.string().meta({ description: "Folder on the host that answered." }),
        documents: z.number().int().meta({ description: "Documents in all files." }),
        files: z
          .array(
            z.object({
              file: z.string().meta({ description: "Name of the file.", example: "leads.ndjson" }),
              documents: z.number().int().meta({ description: "Documents in it." }),
              sha256: z.string().meta({ description: "SHA-256 of the file, in hex." }),
            }),
          )
          .meta({ description: "One for each collection." }),
      })
      .nullable()
      .meta({ description: "Null when an earlier call had exported it." }),
  })
  .meta({ id: "OffboardedClient", description: "What is left of a client." });

export const migrationReportSchema = z
  .object({
    clientCode: shownCode,
    applied: z.array(z.string()).meta({ description: "Every migration that the database has." }),
    ran: z.array(z.string()).meta({ description: "Those that ran now." }),
    indexesCreated: z.array(z.string()).meta({ description: "Indexes made now: collection and name." }),
    indexesDropped: z.array(z.string()).meta({ description: "Indexes dropped now: collection and name." }),
    indexesSurplus: z.array(z.string()).meta({ description: "No longer declared; dropped with `contract`." }),
  })
  .meta({ id: "MigrationReport", description: "What a migration did." });
export type MigrationReportView = z.infer<typeof migrationReportSchema>;

function refuseBadCode(code: string, ctx: z.core.$RefinementCtx<string>): void {
  if (!clientCodeSchema.safeParse(code).success)
    ctx.addIssue({
      code: "custom",
      message: "must be 2 to 30 lower case letters, digits or inner dashes",
      input: code,
    });
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false; // Intl has no other way to say that it does not know the zone
  }
}
