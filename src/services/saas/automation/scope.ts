import { Types } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";

/** What conditions and variables may name. Plain data; times are Dates. */
export interface RuleScope extends Record<string, unknown> {
  readonly lead: Record<string, unknown> | null;
  readonly conversation: Record<string, unknown> | null;
  readonly message: Record<string, unknown> | null;
  readonly tenant: Record<string, unknown>;
  readonly event: { id: string; type: string; data: Record<string, unknown>; occurredAt: string };
  readonly changes: Record<string, unknown>;
  readonly timezone: string;
}

/** The part of an event that outlives it: what a run keeps of its trigger. */
export type TriggerSnapshot = Pick<CrmEvent, "id" | "type" | "data" | "occurredAt" | "subject" | "changes">;

/** Reads the lead and what belongs to the event as they are now; the event's own data and changes as they were. */
export async function readScope(ctx: TenantContext, event: TriggerSnapshot): Promise<RuleScope> {
  const { Lead, Conversation, Message, Pipeline, TenantSettings } = await getCrmModels(ctx.clientCode);
  const { leadId, conversationId, messageId } = event.subject;
  const [lead, conversation, message, settings] = await Promise.all([
    leadId ? Lead.findById(new Types.ObjectId(leadId)).lean() : null,
    conversationId ? Conversation.findById(new Types.ObjectId(conversationId)).lean() : null,
    messageId ? Message.findById(new Types.ObjectId(messageId)).lean() : null,
    TenantSettings.findById("settings").lean(),
  ]);
  const pipeline = lead?.pipelineId ? await Pipeline.findById(lead.pipelineId).lean() : null;
  const stage = pipeline?.stages.find((each) => lead?.stageId && each._id.equals(lead.stageId));
  return {
    lead: lead && {
      id: lead._id.toHexString(),
      firstName: lead.firstName,
      lastName: lead.lastName,
      displayName: lead.displayName,
      phone: lead.phone?.e164 ?? null,
      email: lead.emailLower,
      company: lead.company,
      ownerId: lead.ownerId,
      status: lead.status,
      pipelineKey: pipeline?.key ?? null,
      stageKey: stage?.key ?? null,
      stageName: stage?.name ?? null,
      stageEnteredAt: lead.stageEnteredAt,
      value: lead.value,
      score: lead.score,
      source: lead.source,
      tags: lead.tags,
      custom: lead.custom,
      timezone: lead.timezone,
      locale: lead.locale,
      consent: lead.consent,
      doNotContact: lead.doNotContact,
      lostReasonKey: lead.lostReasonKey,
      lastInboundAt: lead.lastInboundAt,
      lastOutboundAt: lead.lastOutboundAt,
      nextMeetingAt: lead.nextMeetingAt,
      createdAt: lead.createdAt,
    },
    conversation: conversation && {
      id: conversation._id.toHexString(),
      status: conversation.status,
      priority: conversation.priority,
      assigneeId: conversation.assigneeId,
      labels: conversation.labels,
      windowExpiresAt: conversation.windowExpiresAt,
    },
    message: message && {
      id: message._id.toHexString(),
      kind: message.kind,
      text: message.text,
      direction: message.direction,
      sender: { type: message.sender.type },
    },
    tenant: { name: settings?.name ?? ctx.clientCode },
    event: { id: event.id, type: event.type, data: event.data, occurredAt: event.occurredAt },
    changes: event.changes ?? {},
    timezone: lead?.timezone ?? settings?.timezone ?? "UTC",
  };
}
