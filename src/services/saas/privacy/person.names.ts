import type { Person } from "./person";

/** Whether a value of a file names a person; lists and objects are looked through. */
export type IsNamed = (value: unknown) => boolean;

/** Fewer digits are a number of many. */
const leastDigits = 7;
const folded = (text: string) => text.normalize("NFC").trim().replace(/^'/, "").toLowerCase();

/** By an id, an address, a number in any spelling, or a whole name of several words. */
export function namesOf({ identifiers, leadIds, displayNames }: Person): IsNamed {
  const names = displayNames.filter((name) => /\S\s+\S/.test(name));
  const known = new Set([...identifiers, ...names, ...leadIds.map((id) => id.toHexString())].map(folded));
  const numbers = identifiers.filter((identifier) => /^\+?\d+$/.test(identifier));

  /** With or without the country, as people write numbers. */
  function isNumber(text: string): boolean {
    if (!/^[+\d(][\d\s()./-]*$/.test(text)) return false;
    const digits = text.replace(/\D/g, "").replace(/^0+/, "");
    return digits.length >= leastDigits && numbers.some((number) => number.endsWith(digits));
  }

  function isNamed(value: unknown): boolean {
    if (typeof value === "object" && value !== null)
      return Object.values(value).some((part: unknown) => isNamed(part));
    if (typeof value !== "string" && typeof value !== "number") return false;
    const text = folded(String(value));
    return known.has(text) || isNumber(text);
  }
  return isNamed;
}
