/** The people on the other side: who is who, and when each last wrote to which number. */
import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { userIdOf } from "./identifiers";

export interface Person {
  /** Digits; undefined for somebody known by a user id only. */
  waId: string | undefined;
  /** User id per WABA. */
  readonly userIds: Map<string, string>;
  name: string | undefined;
  username: string | undefined;
  onWhatsApp: boolean;
  /** WABAs whose marketing this person has stopped. */
  readonly marketingStopped: Set<string>;
  /** phone_number_id -> time of this person's newest message to it, in ms. */
  readonly lastInboundMs: Map<string, number>;
}

/** A person as a snapshot holds them. */
export interface SavedPerson {
  waId?: string | undefined;
  userIds: Record<string, string>;
  name?: string | undefined;
  username?: string | undefined;
  onWhatsApp: boolean;
  marketingStopped: string[];
  lastInboundMs: Record<string, number>;
}

/**
 * One spelling per person for the countries whose WhatsApp ids differ from the dialled number: Brazil's ninth
 * digit, Mexico's 1 and Argentina's 9. Used to find people, never shown.
 */
export function samePersonKey(digits: string): string {
  const brazil = /^55(\d{2})9(\d{8})$/.exec(digits);
  if (brazil) return `55${brazil[1]}${brazil[2]}`;
  if (/^521\d{10}$/.test(digits)) return `52${digits.slice(3)}`;
  if (/^549\d{10}$/.test(digits)) return `54${digits.slice(3)}`;
  return digits;
}

/**
 * Digits that a `to` reaches. Without a plus Meta puts the business number's country code in front, which is how
 * messages reach strangers; a number that begins with that code already is left alone.
 * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/phone-numbers
 */
export function dialledDigits(to: string, businessDigits: string): string {
  const digits = to.replace(/\D/g, "");
  if (to.trim().startsWith("+")) return digits;
  const callingCode = parsePhoneNumberFromString(`+${businessDigits}`)?.countryCallingCode ?? "";
  return digits.startsWith(callingCode) ? digits : `${callingCode}${digits}`;
}

function countryOf(digits: string | undefined): string {
  if (digits === undefined) return "ZZ";
  const phone = parsePhoneNumberFromString(`+${digits}`);
  return phone?.country ?? phone?.getPossibleCountries()[0] ?? "ZZ";
}

export class PersonDirectory {
  private readonly byPhone = new Map<string, Person>();
  private readonly byUserId = new Map<string, Person>();

  /** The person with this phone; an unknown one is made up: by default everybody is on WhatsApp. */
  ofPhone(digits: string): Person {
    const key = samePersonKey(digits);
    const known = this.byPhone.get(key);
    if (known) return known;
    const person = newPerson(digits);
    this.byPhone.set(key, person);
    return person;
  }

  /** The person whom a WABA knows by this id, if any. */
  ofUserId(userId: string): Person | undefined {
    return this.byUserId.get(userId);
  }

  /** Finds or makes the person behind an inbound message, and notes both of their ids. */
  ofCustomer(wabaId: string, waId: string | undefined, userId: string | undefined): Person {
    const person =
      waId !== undefined ? this.ofPhone(waId) : (userId && this.byUserId.get(userId)) || newPerson(undefined);
    if (userId !== undefined) this.nameUser(person, wabaId, userId);
    return person;
  }

  /** The person's id at this WABA; made up, and stable, when none was given. */
  userIdAt(person: Person, wabaId: string): string {
    const known = person.userIds.get(wabaId);
    if (known !== undefined) return known;
    const made = userIdOf(wabaId, samePersonKey(person.waId ?? ""), countryOf(person.waId));
    this.nameUser(person, wabaId, made);
    return made;
  }

  nameUser(person: Person, wabaId: string, userId: string): void {
    person.userIds.set(wabaId, userId);
    this.byUserId.set(userId, person);
  }

  /** Puts back a person from a snapshot. */
  restore(saved: SavedPerson): void {
    const person = saved.waId === undefined ? newPerson(undefined) : this.ofPhone(saved.waId);
    person.name = saved.name;
    person.username = saved.username;
    person.onWhatsApp = saved.onWhatsApp;
    for (const wabaId of saved.marketingStopped) person.marketingStopped.add(wabaId);
    for (const [id, atMs] of Object.entries(saved.lastInboundMs)) person.lastInboundMs.set(id, atMs);
    for (const [wabaId, userId] of Object.entries(saved.userIds)) this.nameUser(person, wabaId, userId);
  }

  all(): Person[] {
    return [...new Set([...this.byPhone.values(), ...this.byUserId.values()])];
  }
}

function newPerson(waId: string | undefined): Person {
  return {
    waId,
    userIds: new Map(),
    name: undefined,
    username: undefined,
    onWhatsApp: true,
    marketingStopped: new Set(),
    lastInboundMs: new Map(),
  };
}
