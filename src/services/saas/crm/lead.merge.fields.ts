import type { ChannelConsent, LeadPhone, LeadRecord } from "../../../model/saas/lead.schema";
import { phoneKeyOf } from "./lead.identity";
import { displayNameOf } from "./lead.name";

/**
 * The lead that two become: what the base knows stays, what it does not know comes from the other. Tags, ids in other
 * systems, numbers and addresses are united. Whoever said no in either of them has said no. Pure.
 */
export function mergedFields(base: LeadRecord, other: LeadRecord): LeadRecord {
  const filled = {
    ...base,
    ...Object.fromEntries(fillable.map((name) => [name, base[name] ?? other[name]])),
    ...(base.stageId ? {} : placeOf(other)),
  };
  const nameWasMade = base.displayName === displayNameOf(base);
  const named = nameWasMade && base.displayName !== displayNameOf(filled);
  return {
    ...filled,
    displayName: named ? displayNameOf(filled) : base.displayName,
    otherPhones: otherPhones(filled.phone, base, other),
    otherEmails: unite(base.otherEmails, other.otherEmails, [other.emailLower]).filter(
      (email) => email !== filled.emailLower,
    ),
    // The base's own come last: of two ids in one system the API shows the last, and both find the lead.
    externalIds: [
      ...other.externalIds.filter((theirs) => !base.externalIds.some((ours) => sameId(ours, theirs))),
      ...base.externalIds,
    ],
    tags: unite(base.tags, other.tags),
    custom: { ...other.custom, ...base.custom },
    score: base.score === 0 ? other.score : base.score,
    consent: {
      whatsapp: mergedConsent(base.consent.whatsapp, other.consent.whatsapp),
      marketing: laterChoice(base.consent.marketing ?? null, other.consent.marketing ?? null),
      email: mergedConsent(base.consent.email ?? null, other.consent.email ?? null),
    },
    doNotContact: base.doNotContact || other.doNotContact,
    doNotContactReason: base.doNotContactReason ?? other.doNotContactReason ?? null,
    lastInboundAt: latest(base.lastInboundAt, other.lastInboundAt),
    lastOutboundAt: latest(base.lastOutboundAt, other.lastOutboundAt),
    lastActivityAt: latest(base.lastActivityAt, other.lastActivityAt) ?? base.lastActivityAt,
    nextMeetingAt: earliest(base.nextMeetingAt, other.nextMeetingAt),
    mergedFrom: [...(base.mergedFrom ?? []), ...(other.mergedFrom ?? []), other._id],
  };
}

const fillable = [
  "firstName",
  "lastName",
  "phone",
  "waId",
  "waUserId",
  "username",
  "emailLower",
  "company",
  "ownerId",
  "teamId",
  "value",
  "source",
  "sourceDetail",
  "timezone",
  "locale",
] as const satisfies readonly (keyof LeadRecord)[];

function placeOf(lead: LeadRecord): Partial<LeadRecord> {
  const { pipelineId, stageId, stageEnteredAt, rank, status, wonAt, lostAt, lostReasonKey } = lead;
  return { pipelineId, stageId, stageEnteredAt, rank, status, wonAt, lostAt, lostReasonKey };
}

function otherPhones(main: LeadPhone | null, base: LeadRecord, other: LeadRecord): LeadPhone[] {
  const all = [base.otherPhones, other.otherPhones, other.phone ?? []].flatMap((phones) => phones ?? []);
  const byKey = new Map(all.map((phone) => [phoneKeyOf(phone), phone]));
  if (main) byKey.delete(phoneKeyOf(main));
  return [...byKey.values()];
}

/** An opt-out of either stays; else who agreed first has agreed. */
function mergedConsent(ours: ChannelConsent | null, theirs: ChannelConsent | null): ChannelConsent | null {
  if (!ours || !theirs) return ours ?? theirs;
  if (ours.optIn !== theirs.optIn) return ours.optIn ? theirs : ours;
  return ours.at <= theirs.at ? ours : theirs;
}

/** What the person chose last; of two choices at once the one that stops. */
function laterChoice(ours: ChannelConsent | null, theirs: ChannelConsent | null): ChannelConsent | null {
  if (!ours || !theirs) return ours ?? theirs;
  if (ours.at.getTime() === theirs.at.getTime()) return ours.optIn ? theirs : ours;
  return ours.at > theirs.at ? ours : theirs;
}

const sameId = (a: { system: string; id: string }, b: { system: string; id: string }) =>
  a.system === b.system && a.id === b.id;

/** Every text of several lists once, those of the first list first. */
export function unite(...lists: readonly (readonly (string | null)[] | undefined)[]): string[] {
  return [...new Set(lists.flatMap((list) => list ?? []).filter((text) => text !== null))];
}

/** The later of two times; null when there is neither. */
export function latest(a: Date | null, b: Date | null): Date | null {
  if (!a || !b) return a ?? b;
  return a > b ? a : b;
}

/** The earlier of two times; null when there is neither. */
export function earliest(a: Date | null, b: Date | null): Date | null {
  if (!a || !b) return a ?? b;
  return a < b ? a : b;
}
