import { type Model, Types, trusted } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { Gathering } from "../../../lib/tenant/gather";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { CustomFieldRecord } from "../../../model/saas/custom.field.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { MessageRecord } from "../../../model/saas/message.schema";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";
import type { DeclaredField } from "../crm/lead.fields";
import { leadScope } from "../crm/lead.scope";
import { settingsId, withDefaults } from "../crm/settings.read";

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
  /** How many runs of the tenant's begin within a minute. */
  readonly startsPerMinute: number;
  /** The tenant's own fields, which conditions read `lead.custom` by. */
  readonly customFields: readonly DeclaredField[];
}

/** The part of an event that outlives it: what a run keeps of its trigger. */
export type TriggerSnapshot = Pick<CrmEvent, "id" | "type" | "data" | "occurredAt" | "subject" | "changes">;

/** What of the tenant every scope needs. Shared by those who ask at the same time: nothing may be changed in it. */
interface TenantFacts {
  readonly settings: TenantSettingsRecord;
  readonly pipelines: ReadonlyMap<string, PipelineRecord>;
  readonly customFields: readonly CustomFieldRecord[];
}

const factsOf = new Gathering<TenantContext, TenantFacts>();

type StoredFacts = Partial<TenantSettingsRecord> & {
  readonly pipelines: readonly PipelineRecord[];
  readonly customFields: readonly CustomFieldRecord[];
};

const readFacts = (ctx: TenantContext): Promise<TenantFacts> =>
  factsOf.ask(ctx.clientCode, ctx, async () => {
    const { CustomField, Pipeline, TenantSettings } = await getCrmModels(ctx.clientCode);
    // One row and two short lists, in one answer: every step of every rule asks for them.
    const [found] = await TenantSettings.aggregate<StoredFacts>([
      { $match: { _id: settingsId } },
      { $lookup: { from: Pipeline.collection.collectionName, pipeline: [], as: "pipelines" } },
      { $lookup: { from: CustomField.collection.collectionName, pipeline: [], as: "customFields" } },
    ]);
    const { pipelines, customFields, ...settings } = found ?? {
      pipelines: await Pipeline.find().lean(),
      customFields: await CustomField.find().lean(),
    };
    return {
      settings: withDefaults(settings),
      customFields,
      pipelines: new Map(pipelines.map((each) => [each._id.toHexString(), each])),
    };
  });

/** What a scope is made of beside the tenant's facts. */
interface Subject {
  readonly lead: LeadRecord | null;
  readonly conversation: ConversationRecord | null;
  readonly message: MessageRecord | null;
}

/** Reads the lead and what belongs to the event as they are now; the event's own data and changes as they were. */
export async function readScope(ctx: TenantContext, event: TriggerSnapshot): Promise<RuleScope> {
  const { Lead, Conversation, Message } = await getCrmModels(ctx.clientCode);
  const { leadId, conversationId, messageId } = event.subject;
  const [facts, lead, conversation, message] = await Promise.all([
    readFacts(ctx),
    leadId ? Lead.findById(new Types.ObjectId(leadId)).lean() : null,
    conversationId ? Conversation.findById(new Types.ObjectId(conversationId)).lean() : null,
    messageId ? Message.findById(new Types.ObjectId(messageId)).lean() : null,
  ]);
  return scopeOf(ctx, event, { lead, conversation, message }, facts);
}

/** The scopes of many events, in their order, in as many reads as one takes. */
export async function readScopes(
  ctx: TenantContext,
  events: readonly TriggerSnapshot[],
): Promise<RuleScope[]> {
  const { Lead, Conversation, Message } = await getCrmModels(ctx.clientCode);
  const [facts, leads, conversations, messages] = await Promise.all([
    readFacts(ctx),
    byIds(Lead, events, "leadId"),
    byIds(Conversation, events, "conversationId"),
    byIds(Message, events, "messageId"),
  ]);
  return events.map((event) => {
    const { leadId = "", conversationId = "", messageId = "" } = event.subject;
    const subject = {
      lead: leads.get(leadId) ?? null,
      conversation: conversations.get(conversationId) ?? null,
      message: messages.get(messageId) ?? null,
    };
    return scopeOf(ctx, event, subject, facts);
  });
}

async function byIds<T extends { _id: Types.ObjectId }>(
  model: Model<T>,
  events: readonly TriggerSnapshot[],
  name: "leadId" | "conversationId" | "messageId",
): Promise<Map<string, T>> {
  const ids = [...new Set(events.flatMap(({ subject }) => subject[name] ?? []))];
  if (ids.length === 0) return new Map();
  const _id = trusted({ $in: ids.map((id) => new Types.ObjectId(id)) });
  const rows = await model.find({ _id }).lean<T[]>();
  return new Map(rows.map((row) => [row._id.toHexString(), row]));
}

function scopeOf(
  ctx: TenantContext,
  event: TriggerSnapshot,
  { lead, conversation, message }: Subject,
  { settings, pipelines, customFields }: TenantFacts,
): RuleScope {
  const pipeline = pipelines.get(lead?.pipelineId?.toHexString() ?? "") ?? null;
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
    startsPerMinute: settings.automation.startsPerMinute,
    customFields,
  };
}

/** The scopes of leads that no event is about, in their order: for rules that start by the clock. */
export async function readLeadScopes(ctx: TenantContext, leads: readonly LeadRecord[]): Promise<RuleScope[]> {
  const { settings, pipelines, customFields } = await readFacts(ctx);
  return leads.map((lead) => ({
    lead: leadView(lead, pipelines.get(lead.pipelineId?.toHexString() ?? "") ?? null),
    conversation: null,
    message: null,
    tenant: { name: settings.name || ctx.clientCode },
    event: { id: "", type: "", data: {}, occurredAt: ctx.now().toISOString() },
    changes: {},
    ...placeOf(lead, settings),
    startsPerMinute: settings.automation.startsPerMinute,
    customFields,
  }));
}

/** Whose clock, language and money: the lead's, else the tenant's. */
const placeOf = (lead: Pick<LeadRecord, "timezone" | "locale"> | null, settings: TenantSettingsRecord) => ({
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
