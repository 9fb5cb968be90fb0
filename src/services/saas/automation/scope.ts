import { Types } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";
import type { DeclaredField } from "../crm/lead.fields";
import { leadScope } from "../crm/lead.scope";
import { readSettings } from "../crm/settings.read";

/** What conditions and variables may name. Plain data; times are Dates. */
export interface RuleScope extends Record<string, unknown> {
  readonly lead: Record<string, unknown> | null;
  readonly conversation: Record<string, unknown> | null;
  readonly message: Record<string, unknown> | null;
  readonly tenant: Record<string, unknown>;
  readonly event: { id: string; type: string; data: Record<string, unknown>; occurredAt: string };
  readonly changes: Record<string, unknown>;
  readonly timezone: string;
  /** Of the lead, else of the tenant: how filters write numbers and dates. */
  readonly locale: string;
  /** The tenant's. */
  readonly currency: string;
  readonly country: string;
  /** The tenant's own fields, which conditions read `lead.custom` by. */
  readonly customFields: readonly DeclaredField[];
}

/** The part of an event that outlives it: what a run keeps of its trigger. */
export type TriggerSnapshot = Pick<CrmEvent, "id" | "type" | "data" | "occurredAt" | "subject" | "changes">;

/** Reads the lead and what belongs to the event as they are now; the event's own data and changes as they were. */
export async function readScope(ctx: TenantContext, event: TriggerSnapshot): Promise<RuleScope> {
  const models = await getCrmModels(ctx.clientCode);
  const { Lead, Conversation, CustomField, Message, Pipeline } = models;
  const { leadId, conversationId, messageId } = event.subject;
  const [lead, conversation, message, settings, customFields] = await Promise.all([
    leadId ? Lead.findById(new Types.ObjectId(leadId)).lean() : null,
    conversationId ? Conversation.findById(new Types.ObjectId(conversationId)).lean() : null,
    messageId ? Message.findById(new Types.ObjectId(messageId)).lean() : null,
    readSettings(models),
    CustomField.find({}).lean(),
  ]);
  const pipeline = lead?.pipelineId ? await Pipeline.findById(lead.pipelineId).lean() : null;
  return {
    lead: lead && leadView(lead, pipeline),
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
    tenant: { name: settings.name || ctx.clientCode },
    event: { id: event.id, type: event.type, data: event.data, occurredAt: event.occurredAt },
    changes: event.changes ?? {},
    ...placeOf(lead, settings),
    customFields,
  };
}

/** The scopes of leads that no event is about, in their order: for rules that start by the clock. */
export async function readLeadScopes(ctx: TenantContext, leads: readonly LeadRecord[]): Promise<RuleScope[]> {
  const models = await getCrmModels(ctx.clientCode);
  const [settings, pipelines, customFields] = await Promise.all([
    readSettings(models),
    models.Pipeline.find().lean(),
    models.CustomField.find().lean(),
  ]);
  return leads.map((lead) => ({
    lead: leadView(lead, pipelines.find(({ _id }) => lead.pipelineId?.equals(_id)) ?? null),
    conversation: null,
    message: null,
    tenant: { name: settings.name || ctx.clientCode },
    event: { id: "", type: "", data: {}, occurredAt: ctx.now().toISOString() },
    changes: {},
    ...placeOf(lead, settings),
    customFields,
  }));
}

/** Whose clock, language and money: the lead's, else the tenant's. */
export const placeOf = (
  lead: Pick<LeadRecord, "timezone" | "locale"> | null,
  settings: TenantSettingsRecord,
) => ({
  timezone: lead?.timezone ?? settings.timezone,
  locale: lead?.locale ?? settings.locale,
  currency: settings.currency,
  country: settings.defaultCountry,
});

function leadView(lead: LeadRecord, pipeline: PipelineRecord | null): Record<string, unknown> {
  const stage = pipeline?.stages.find((each) => lead.stageId && each._id.equals(lead.stageId));
  return {
    ...leadScope(lead, { pipeline, stage }),
    deletedAt: lead.deletedAt,
    mergedInto: lead.mergedInto?.toHexString() ?? null,
  };
}
