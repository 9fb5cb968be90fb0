/**
 * Phone numbers: any spelling -> E.164, and the spellings one person goes by. Three countries changed how mobile
 * numbers are written, and WhatsApp still uses the old way for old accounts: Brazil put a 9 before the subscriber
 * number, Mexico dropped the 1 after +52, Argentina writes a 9 after +54 for mobiles.
 */
import { AppError } from "../errors/app.error";

export interface ParsedPhone {
  /** E.164 as one would dial it today, e.g. `+5511987654321`. */
  readonly e164: string;
  /** ISO 3166 country, null where a calling code is shared and the number does not tell. */
  readonly country: string | null;
  /** The one spelling that stands for the person: equal for two numbers that ring the same phone. */
  readonly canonical: string;
  /** Every spelling the person may be known by in E.164, `canonical` and `e164` among them. */
  readonly candidates: string[];
}

const maxInputLength = 64;
/** Marks that come along when a number is copied from a page: direction marks, zero-width and no-break spaces. */
const invisible = /[\p{Cf}\u00a0\u202f]/gu;

let library: Promise<typeof import("libphonenumber-js/min")> | undefined;

/** Loaded with the first number, and only then asked for: looking a module up costs more than reading a number. */
function phoneLibrary(): NonNullable<typeof library> {
  library ??= import("libphonenumber-js/min");
  return library;
}

/**
 * Reads a phone number as people write it. It must have a length that its country knows; whether it is in use is for
 * WhatsApp to tell, since any list of ranges is behind the world.
 * @param defaultCountry ISO 3166 country that numbers without `+` are read in.
 * @returns null when it is no phone number: letters, extensions, unknown calling codes, wrong lengths.
 */
export async function parsePhone(raw: string, defaultCountry: string): Promise<ParsedPhone | null> {
  const text = raw.replace(invisible, " ").trim();
  if (text === "" || text.length > maxInputLength) return null;
  const { isSupportedCountry, parsePhoneNumberFromString } = await phoneLibrary();
  const options = isSupportedCountry(defaultCountry) ? { defaultCountry } : {};
  const number = parsePhoneNumberFromString(withoutMexicanOne(text), { ...options, extract: false });
  if (!number || number.ext || !number.isPossible()) return null;
  const e164 = withBrazilianNine(number.number);
  const candidates = spellings(e164);
  return { e164, country: number.country ?? null, canonical: candidates[0] ?? e164, candidates };
}

/** Reads the digits WhatsApp calls `wa_id` or `from`. @returns null when they are no number, e.g. of a test account. */
export async function parseWaId(waId: string): Promise<ParsedPhone | null> {
  return /^\d{5,20}$/.test(waId) ? parsePhone(`+${waId}`, "") : null;
}

/**
 * Like `parsePhone`, for what a caller of the API wrote.
 * @throws AppError invalid-phone with `pointer`.
 */
export async function requirePhone(
  raw: string,
  defaultCountry: string,
  pointer: string,
): Promise<ParsedPhone> {
  const parsed = await parsePhone(raw, defaultCountry);
  if (parsed) return parsed;
  const detail = "It is not a phone number. Write it in E.164, e.g. +5511987654321.";
  throw new AppError("invalid-phone", detail, { errors: [{ pointer, code: "invalid-phone", detail }] });
}

/** +52 1 and ten digits was a mobile until 2019; today it is +52 and the ten digits. */
function withoutMexicanOne(text: string): string {
  const digits = text.replace(/[^\d+]/g, "");
  return /^\+521\d{10}$/.test(digits) ? `+52${digits.slice(4)}` : text;
}

/** Eight digits from 6 to 9 were a Brazilian mobile until 2016; today there is a 9 before them. */
function withBrazilianNine(e164: string): string {
  const old = /^\+55(\d{2})([6-9]\d{7})$/.exec(e164);
  return old ? `+55${old[1]}9${old[2]}` : e164;
}

/** All spellings of a number, the canonical one first. */
function spellings(e164: string): string[] {
  const brazil = /^\+55(\d{2})9([6-9]\d{7})$/.exec(e164);
  if (brazil) return [e164, `+55${brazil[1]}${brazil[2]}`];
  const mexico = /^\+52(\d{10})$/.exec(e164);
  if (mexico) return [e164, `+521${mexico[1]}`];
  const argentina = /^\+549?(\d{10})$/.exec(e164);
  if (argentina) return [`+549${argentina[1]}`, `+54${argentina[1]}`];
  return [e164];
}
