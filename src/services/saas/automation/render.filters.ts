/** What rules' texts do with values: dates, numbers, money and phone numbers. ADD A FILTER HERE. */
import { DateTime, IANAZone } from "luxon";

/** Stands for an empty text that somebody asked for. */
export const wanted = Object.freeze({ toString: () => "" });

export const isHole = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === "string" && value.trim() === "") ||
  (Array.isArray(value) && value.length === 0);

export class HoleError extends Error {
  override readonly name = "HoleError";
}

/** Sees each value as it is about to be written into the text. */
export function refuseHole(value: unknown): string {
  if (value === wanted) return "";
  if (isHole(value)) throw new HoleError("A variable has no value.");
  if (Array.isArray(value)) return value.join(", ");
  if (value instanceof Date) return value.toISOString();
  // Nobody wants to read [object Object].
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw new HoleError("A variable is no text.");
}

type Scope = Readonly<Record<string, unknown>>;

export interface RenderFilter {
  readonly description: string;
  readonly example: string;
  /** The value is never missing. @returns "" for what it cannot read, which is refused as a hole is. */
  readonly apply: (value: unknown, args: readonly unknown[], scope: Scope | object) => unknown;
}

const fromScope = (scope: object, name: string): string | undefined => {
  const value: unknown = Reflect.get(scope, name);
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** A locale as Intl knows it; `en` for one that it does not. */
function localeOf(scope: object): string {
  const tag = (fromScope(scope, "locale") ?? "en").replaceAll("_", "-");
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? "en";
  } catch {
    return "en";
  }
}

function zoneOf(scope: object, asked: unknown): string {
  const zone = typeof asked === "string" && asked !== "" ? asked : fromScope(scope, "timezone");
  return zone !== undefined && IANAZone.isValidZone(zone) ? zone : "UTC";
}

const dayPattern = /^\d{4}-\d{2}-\d{2}$/;

/** A day has no clock: it is the same day in every zone. */
function timeOf(value: unknown, zone: string, locale: string): DateTime | undefined {
  const time =
    value instanceof Date
      ? DateTime.fromJSDate(value, { zone }).setLocale(locale)
      : typeof value === "number"
        ? DateTime.fromMillis(value, { zone, locale })
        : dayPattern.test(String(value))
          ? DateTime.fromISO(String(value), { zone, locale })
          : // A time without an offset is in UTC, as everywhere in the API.
            DateTime.fromISO(String(value), { zone: "UTC" }).setZone(zone).setLocale(locale);
  return time.isValid ? time : undefined;
}

function numberOf(value: unknown): number | undefined {
  if (value === true || value === false || typeof value === "object") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

const places = (asked: unknown): number | undefined => {
  const number = asked === undefined ? undefined : numberOf(asked);
  return number === undefined ? undefined : Math.min(Math.max(Math.trunc(number), 0), 10);
};

function money(value: unknown, asked: unknown, scope: object): string {
  const whole = typeof value === "object" && value !== null ? value : { amount: value };
  const amount = numberOf(Reflect.get(whole, "amount"));
  const own: unknown = Reflect.get(whole, "currency");
  const currency = [asked, own, fromScope(scope, "currency")].find(
    (code): code is string => typeof code === "string" && /^[A-Za-z]{3}$/.test(code),
  );
  if (amount === undefined || currency === undefined) return "";
  return new Intl.NumberFormat(localeOf(scope), { style: "currency", currency }).format(amount);
}

export const renderFilters: Readonly<Record<string, RenderFilter>> = {
  date: {
    description: "A time in the lead's zone (else the tenant's), or in the zone named second.",
    example: '{{event.data.startsAt | date: "dd/MM HH:mm", "Europe/Lisbon"}}',
    // Liquid's own speaks strftime and the server's zone; people write dd/MM HH:mm and mean the lead's.
    apply: (value, [format, zone], scope) =>
      timeOf(value, zoneOf(scope, zone), localeOf(scope))?.toFormat(
        typeof format === "string" && format !== "" ? format : "dd/MM/yyyy HH:mm",
      ) ?? "",
  },
  number: {
    description: "A number as the lead's language writes it, with so many decimals.",
    example: "{{lead.score | number: 1}}",
    apply: (value, [decimals], scope) => {
      const number = numberOf(value);
      const digits = places(decimals);
      const format =
        digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
      return number === undefined ? "" : new Intl.NumberFormat(localeOf(scope), format).format(number);
    },
  },
  money: {
    description: "An amount with its currency: the one named, the value's own, or the tenant's.",
    example: '{{lead.value | money}} or {{event.data.total | money: "EUR"}}',
    apply: (value, [currency], scope) => money(value, currency, scope),
  },
  phone: {
    description: "A phone number: `international` (when absent), `national`, `e164` or `digits`.",
    example: '{{lead.phone | phone: "national"}}',
    apply: async (value, [form = "international"], scope) => {
      const { formatPhone } = await import("../../../lib/phone/format.phone");
      return formatPhone(String(value), String(form), fromScope(scope, "country")) ?? "";
    },
  },
};
