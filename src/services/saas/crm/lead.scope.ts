import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { PipelineRecord, StageRecord } from "../../../model/saas/pipeline.schema";

/** A lead as conditions and variables see it; times are Dates. `lead.fields.ts` says what may be asked of it. */
export function leadScope(
  lead: LeadRecord,
  {
    pipeline,
    stage,
  }: { pipeline?: PipelineRecord | null | undefined; stage?: StageRecord | null | undefined },
): Record<string, unknown> {
  return {
    id: lead._id.toHexString(),
    firstName: lead.firstName,
    lastName: lead.lastName,
    displayName: lead.displayName,
    phone: lead.phone?.e164 ?? null,
    phoneCountry: lead.phone?.country ?? null,
    waId: lead.waId,
    username: lead.username,
    email: lead.emailLower,
    company: lead.company,
    ownerId: lead.ownerId,
    teamId: lead.teamId?.toHexString() ?? null,
    status: lead.status,
    pipelineId: lead.pipelineId?.toHexString() ?? null,
    pipelineKey: pipeline?.key ?? null,
    stageId: lead.stageId?.toHexString() ?? null,
    stageKey: stage?.key ?? null,
    stageName: stage?.name ?? null,
    stageEnteredAt: lead.stageEnteredAt,
    wonAt: lead.wonAt,
    lostAt: lead.lostAt,
    lostReasonKey: lead.lostReasonKey,
    value: lead.value,
    score: lead.score,
    source: lead.source,
    tags: lead.tags,
    custom: lead.custom,
    timezone: lead.timezone,
    locale: lead.locale,
    consent: lead.consent,
    doNotContact: lead.doNotContact,
    doNotContactReason: lead.doNotContactReason ?? null,
    lastInboundAt: lead.lastInboundAt,
    lastOutboundAt: lead.lastOutboundAt,
    lastActivityAt: lead.lastActivityAt,
    nextMeetingAt: lead.nextMeetingAt,
    createdAt: lead.createdAt,
    updatedAt: lead.updatedAt,
  };
}
