import type { Lead } from "../../../contracts/lead.contract";
import type { StageVisit } from "../../../contracts/lead.stage.contract";
import type { ChannelConsent, LeadRecord } from "../../../model/saas/lead.schema";
import type { StageHistoryRecord } from "../../../model/saas/stage.history.schema";

/** A time as the API writes it. */
export function toTimestamp(at: Date): string;
export function toTimestamp(at: Date | null): string | null;
export function toTimestamp(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

/** A stored lead as the API shows it. */
export function toLead(record: LeadRecord): Lead {
  return {
    id: record._id.toHexString(),
    version: record.version,
    firstName: record.firstName,
    lastName: record.lastName,
    displayName: record.displayName,
    phone: record.phone?.e164 ?? null,
    phoneCountry: record.phone?.country ?? null,
    waId: record.waId,
    waUserId: record.waUserId,
    username: record.username,
    email: record.emailLower,
    otherPhones: (record.otherPhones ?? []).map(({ e164 }) => e164),
    otherEmails: record.otherEmails ?? [],
    externalIds: Object.fromEntries(record.externalIds.map(({ system, id }) => [system, id])),
    company: record.company,
    ownerId: record.ownerId,
    teamId: record.teamId?.toHexString() ?? null,
    pipelineId: record.pipelineId?.toHexString() ?? null,
    stageId: record.stageId?.toHexString() ?? null,
    stageEnteredAt: toTimestamp(record.stageEnteredAt),
    stalledAt: toTimestamp(record.stalledAt ?? null),
    rank: record.rank,
    status: record.status,
    wonAt: toTimestamp(record.wonAt),
    lostAt: toTimestamp(record.lostAt),
    lostReason: record.lostReasonKey,
    value: record.value,
    score: record.score,
    source: record.source,
    sourceDetail: record.sourceDetail,
    tags: record.tags,
    custom: record.custom,
    timezone: record.timezone,
    locale: record.locale,
    consent: {
      whatsapp: toConsent(record.consent.whatsapp),
      marketing: toConsent(record.consent.marketing ?? null),
      email: toConsent(record.consent.email ?? null),
    },
    doNotContact: record.doNotContact,
    doNotContactReason: record.doNotContactReason ?? null,
    lastInboundAt: toTimestamp(record.lastInboundAt),
    lastOutboundAt: toTimestamp(record.lastOutboundAt),
    lastActivityAt: toTimestamp(record.lastActivityAt),
    nextMeetingAt: toTimestamp(record.nextMeetingAt),
    mergedFrom: (record.mergedFrom ?? []).map((id) => id.toHexString()),
    createdBy: record.createdBy,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}

function toConsent(consent: ChannelConsent | null): Lead["consent"]["whatsapp"] {
  return consent && { optIn: consent.optIn, at: toTimestamp(consent.at), source: consent.source };
}

/** A stored stay in a stage as the API shows it. */
export function toStageVisit(record: StageHistoryRecord): StageVisit {
  return {
    id: record._id.toHexString(),
    pipelineId: record.pipelineId.toHexString(),
    fromStageId: record.fromStageId?.toHexString() ?? null,
    toStageId: record.toStageId.toHexString(),
    enteredAt: toTimestamp(record.enteredAt),
    leftAt: toTimestamp(record.leftAt),
    durationMs: record.durationMs,
    actor: record.actor,
  };
}
