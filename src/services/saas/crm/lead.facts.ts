/** What WhatsApp tells of a person changes: numbers, user ids, profile names. The newest wins, whatever comes first. */
import type { LeadRecord, WhatsAppSeen } from "../../../model/saas/lead.schema";
import { displayNameOf, namesOfProfile } from "./lead.name";

export interface WhatsAppFacts {
  readonly waId?: string | undefined;
  readonly userId?: string | undefined;
  /** The profile name as the person wrote it. */
  readonly name?: string | undefined;
  readonly username?: string | undefined;
}

type Fact = keyof WhatsAppSeen;

/** A lead with what was told at a time; what is known from later stays. */
export function withFacts(before: LeadRecord, facts: WhatsAppFacts, at: Date): LeadRecord {
  const seen: WhatsAppSeen = { ...before.waSeen };
  const chosen = (fact: Fact, stored: string | null, told: string | undefined): string | null => {
    if (told === undefined || told === "" || !isNewer(seen[fact], stored, at, told)) return stored;
    seen[fact] = at;
    return told;
  };
  const name = namesOfProfile(facts.name);
  const told: LeadRecord = {
    ...before,
    waId: chosen("waId", before.waId, facts.waId),
    waUserId: chosen("userId", before.waUserId, facts.userId),
    username: chosen("username", before.username, facts.username),
    waProfileName: chosen("name", before.waProfileName, name?.displayName),
    waSeen: seen,
  };
  if (told.waProfileName !== before.waProfileName && followsProfile(before))
    return { ...told, ...namesOfProfile(told.waProfileName ?? undefined) };
  return isNameless(before) ? { ...told, displayName: displayNameOf(told) } : told;
}

/** What is known of one person through two leads: of each fact the newer. */
export function withFactsOf(lead: LeadRecord, other: LeadRecord): LeadRecord {
  const { waSeen } = other;
  const told = {
    waId: other.waId,
    userId: other.waUserId,
    name: other.waProfileName,
    username: other.username,
  };
  return Object.entries(told).reduce(
    (merged, [fact, value]) =>
      value === null ? merged : withFacts(merged, { [fact]: value }, seenAt(waSeen, fact)),
    lead,
  );
}

function seenAt(seen: WhatsAppSeen, fact: string): Date {
  return new Map<string, Date | null>(Object.entries(seen)).get(fact) ?? new Date(0);
}

/** Of two facts of the same second the greater text wins, so that every order ends the same. */
function isNewer(seen: Date | null | undefined, stored: string | null, at: Date, told: string): boolean {
  if (stored === null || !seen) return true;
  return at.getTime() === seen.getTime() ? told > stored : at > seen;
}

/** True while nobody chose a name here. */
function followsProfile(lead: LeadRecord): boolean {
  const names = namesOfProfile(lead.waProfileName ?? undefined);
  return (
    isNameless(lead) ||
    (names !== undefined &&
      lead.displayName === names.displayName &&
      lead.firstName === names.firstName &&
      lead.lastName === names.lastName)
  );
}

function isNameless(lead: LeadRecord): boolean {
  return lead.firstName === null && lead.lastName === null && lead.displayName === displayNameOf(lead);
}
