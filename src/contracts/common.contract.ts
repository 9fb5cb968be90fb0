/** Primitives that every contract shares, and nothing else. */
import * as z from "zod";
import { noControlCharacters } from "./text.contract";

/** A tenant's short name in URLs, headers, logs and database names. Lower case only, so that no two differ by case. */
export const clientCodeSchema = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])$/,
    "must be 2 to 30 lower case letters, digits or inner dashes",
  )
  .brand<"ClientCode">()
  .meta({ description: "Short name of the tenant.", example: "demo" });

/** Proof that somebody was allowed to act for this tenant. Minted only by `lib/tenant/client.code.ts`. */
export type ClientCode = z.infer<typeof clientCodeSchema>;

export const objectIdSchema = z
  .string()
  .regex(/^[0-9a-f]{24}$/, "must be an id of 24 lower case hex digits")
  .meta({ description: "Opaque id.", example: "66f0c0ffee66f0c0ffee66f0" });

/** RFC 3339 in UTC with milliseconds and `Z`, as the API writes every time. */
export const timestampSchema = z.iso
  .datetime({ precision: 3 })
  .meta({ description: "RFC 3339, UTC, milliseconds.", example: "2026-11-22T09:30:00.000Z" });

/** Every resource's version: what its ETag says. */
export const versionSchema = z
  .number()
  .int()
  .meta({ description: "Rises with each change; sent as the ETag too.", example: 3 });

/** A time as callers may write it: any RFC 3339 offset or precision; becomes a Date. */
export const timestampInputSchema = z.iso
  .datetime({ offset: true, error: "must be an RFC 3339 time, e.g. 2026-12-01T09:00:00.000Z" })
  .meta({ description: "RFC 3339 time.", example: "2026-12-01T09:00:00.000Z" });

/** What people name in rules: stages, lost reasons, teams, fields. */
export const keySchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_]{0,62}$/, "must be lower case letters, digits and underscores")
  .meta({ description: "Stable key for use in rules and integrations.", example: "proposal" });

export const tagSchema = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(noControlCharacters, "must not hold control characters")
  .meta({ description: "Tag.", example: "fair2026" });

const durationRule = "must be an ISO 8601 duration such as PT5M, PT24H or P3D";

/** ISO 8601 duration without years and months (their length depends on the calendar). */
export const durationSchema = z
  .string()
  .regex(
    /^P(?=\d|T\d)(?:\d{1,4}W)?(?:\d{1,5}D)?(?:T(?=\d)(?:\d{1,6}H)?(?:\d{1,7}M)?(?:\d{1,8}S)?)?$/,
    durationRule,
  )
  .meta({ description: "ISO 8601 duration.", example: "PT5M" });

/** The same, optionally negative: what lies before a time. */
export const offsetSchema = z
  .string()
  .regex(
    /^-?P(?=\d|T\d)(?:\d{1,4}W)?(?:\d{1,5}D)?(?:T(?=\d)(?:\d{1,6}H)?(?:\d{1,7}M)?(?:\d{1,8}S)?)?$/,
    durationRule,
  )
  .meta({ description: "ISO 8601 duration, negative for before.", example: "-PT24H" });

export const moneySchema = z.strictObject({
  amount: z
    .number()
    .min(0)
    .max(1e12)
    .meta({ description: "Amount in the currency's main unit.", example: 1500 }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR")
    .meta({ description: "ISO 4217 code.", example: "EUR" }),
});
export type Money = z.infer<typeof moneySchema>;

/** Who did something. `id` is a key id, rule id, lead id or admin key name, never a secret. */
export const actorSchema = z
  .object({
    type: z.enum(["user", "api_key", "admin", "automation", "lead", "system"]).meta({
      description:
        "What it is: a person, a tenant's key, a key of the platform, a rule, the lead, or ECOD itself.",
      example: "api_key",
    }),
    id: z
      .string()
      .max(128)
      .meta({ description: "Key of the user, id of the key, rule or lead, or name of the admin key." }),
    name: z.string().max(128).optional().meta({ description: "What people call it.", example: "website" }),
  })
  .meta({ id: "Actor", description: "Who did it." });
export type Actor = z.infer<typeof actorSchema>;

/** What a change did to each field that it changed. */
export const changedFieldsSchema = z
  .record(
    z.string(),
    z.object({
      from: z.unknown().meta({ description: "Value before; null when there was none." }),
      to: z.unknown().meta({ description: "Value after; null when it was taken away." }),
    }),
  )
  .meta({ description: "Changed fields, before and after." });

/** Why a background job gave up. */
export const failureSchema = z.object({
  code: z.string().meta({ description: "What went wrong, for programs." }),
  detail: z.string().meta({ description: "What went wrong and what to do, for people." }),
});

/** Page of a list. Cursors are opaque, signed and bound to tenant, route, sort and filter. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item).meta({ description: "The items of this page." }),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: "Pass as `cursor` for the next page; null on the last." }),
    hasMore: z.boolean().meta({ description: "Whether there is another page." }),
  });
}

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(25).meta({ description: "Page size.", example: 25 }),
  cursor: z.string().min(1).max(2048).optional().meta({ description: "`nextCursor` of the page before." }),
} as const;
