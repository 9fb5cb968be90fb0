/** Phone numbers as people read them. */
import type { CountryCode } from "libphonenumber-js";

/**
 * A number in another form: `international` (+351 910 000 000), `national`, `e164` or `digits`.
 * @param country where a number without its plus is from.
 * @returns undefined for what is no number, or a form that is none.
 */
export async function formatPhone(
  raw: string,
  form: string,
  country: string | undefined,
): Promise<string | undefined> {
  const { isSupportedCountry, parsePhoneNumberFromString } = await import("libphonenumber-js/min");
  const from: CountryCode | undefined =
    country !== undefined && isSupportedCountry(country) ? country : undefined;
  const parsed = parsePhoneNumberFromString(raw, from);
  if (!parsed) return undefined;
  switch (form) {
    case "international":
      return parsed.formatInternational();
    case "national":
      return parsed.formatNational();
    case "e164":
      return parsed.number;
    case "digits":
      return parsed.number.slice(1);
    default:
      return undefined;
  }
}
