/** What a tenant chose for itself, and the primitives of places and languages. */
import * as z from "zod";
import { timestampSchema, versionSchema } from "./common.contract";
import { automationLimitsSchema, hoursSchema, localDateSchema } from "./hours.contract";
import { textLine } from "./text.contract";

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const timezoneSchema = z
  .string()
  .max(64)
  .regex(/^[A-Za-z]/, "must be a name of the IANA database such as America/Sao_Paulo")
  .refine(isTimezone, { error: "must be a name of the IANA database such as America/Sao_Paulo" })
  .meta({ description: "IANA time zone.", example: "America/Sao_Paulo" });

export const localeSchema = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$/, "must be a language tag such as pt_BR")
  .meta({ description: "Language tag; WhatsApp's underscore form is taken too.", example: "pt_BR" });

export const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, "must be an ISO 3166 code such as BR")
  .meta({ description: "ISO 3166 country code.", example: "BR" });

const regionNames = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR")
  .meta({ description: "ISO 4217 currency code.", example: "EUR" });

const fields = {
  name: textLine(120).meta({
    description: "Name of the business; `{{tenant.name}}` in templates.",
    example: "Casa Verde",
  }),
  timezone: timezoneSchema,
  locale: localeSchema,
  defaultCountry: countrySchema
    .refine((code) => regionNames.of(code) !== undefined, {
      error: "must be a country that there is",
    })
    .meta({
      description: "Country that phone numbers without + are read in.",
      example: "BR",
    }),
  currency: currencySchema,
  businessHours: z
    .array(hoursSchema)
    .max(21)
    .meta({ description: "When the business is open; send windows of rules may refer to it." }),
  holidays: z
    .array(localDateSchema)
    .max(400)
    .meta({ description: "Days on which rules do not write to leads.", example: ["2026-12-25"] }),
  automation: automationLimitsSchema,
};

export const settingsSchema = z
  .object({ ...fields, version: versionSchema, updatedAt: timestampSchema })
  .meta({ id: "Settings", description: "What the tenant chose for itself." });
export type Settings = z.input<typeof settingsSchema>;

export const updateSettingsSchema = z.strictObject(fields).partial().meta({ id: "SettingsPatch" });
export type UpdateSettings = z.output<typeof updateSettingsSchema>;
