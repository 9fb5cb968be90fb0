/** What a dry run is played with: a lead of the tenant's as it is, or one that exists nowhere. */
import { Types } from "mongoose";
import type { CrmEvent } from "../../../../contracts/crm.event.contract";
import type { CreateLead } from "../../../../contracts/lead.input.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { requirePhone } from "../../../../lib/phone/phone";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { invalidReference } from "../../crm/crm.problem";
import { newLeadRecord } from "../../crm/lead.create";
import { readSettings } from "../../crm/settings.read";
import { findFirstStage, findStageById } from "../../crm/stage.lookup";
import { type RuleScope, readLeadScopes, readScope } from "../scope";
import type { DryRunInput } from "./dry.run.contract";

const serviceWindowMs = 24 * 60 * 60_000;
/** The same on every dry run; no lead has it. */
const madeUpId = new Types.ObjectId("000000000000000000000001");

export interface Stage {
  readonly lead: LeadRecord;
  /** Until when WhatsApp takes a text from us. */
  readonly windowExpiresAt: Date | null;
  readonly scopeOf: (event: CrmEvent) => Promise<RuleScope>;
}

/**
 * @param trigger what happens, by the word that rules have for it
 * @throws AppError invalid-reference when the lead, or what the made-up one names, is not here; invalid-phone
 */
export async function readStage(ctx: TenantContext, input: DryRunInput, trigger: string): Promise<Stage> {
  const { message, occurredAt } = input.event;
  // A message of the lead's opens the window for a day.
  const opened =
    trigger === "message_received"
      ? new Date(new Date(occurredAt ?? ctx.now()).getTime() + serviceWindowMs)
      : null;
  const told = message ? { message: messageView(message, trigger) } : {};
  if (input.lead) {
    const lead = await makeUp(ctx, input.lead);
    return {
      lead,
      windowExpiresAt: opened,
      scopeOf: async (event) => ({ ...(await scopeOfMadeUp(ctx, lead, event)), ...told }),
    };
  }
  const { Conversation, Lead } = await getCrmModels(ctx.clientCode);
  const lead = await Lead.findById(new Types.ObjectId(input.leadId)).lean();
  if (!lead) throw invalidReference("/leadId", "lead");
  const talk = await Conversation.findOne({ leadId: lead._id }).sort({ lastActivityAt: -1, _id: -1 }).lean();
  // Only events of messages and conversations tell of a conversation.
  const about =
    talk && /^(message|conversation)_/.test(trigger) ? { conversationId: talk._id.toHexString() } : {};
  return {
    lead,
    windowExpiresAt: opened ?? talk?.windowExpiresAt ?? null,
    async scopeOf(event) {
      const scope = await readScope(ctx, { ...event, subject: { ...event.subject, ...about } });
      return { ...scope, ...told };
    },
  };
}

async function scopeOfMadeUp(ctx: TenantContext, lead: LeadRecord, event: CrmEvent): Promise<RuleScope> {
  const [scope] = await readLeadScopes(ctx, [lead]);
  if (!scope) throw new Error("A lead has no scope.");
  const { id, type, data, occurredAt, changes = {} } = event;
  return { ...scope, event: { id, type, data, occurredAt }, changes };
}

function messageView(message: NonNullable<DryRunInput["event"]["message"]>, trigger: string) {
  const ours = trigger === "message_sent" || trigger === "message_status";
  return {
    id: "dry-run",
    ...message,
    direction: ours ? "outbound" : "inbound",
    sender: { type: ours ? "user" : "lead" },
  };
}

async function makeUp(ctx: TenantContext, input: CreateLead): Promise<LeadRecord> {
  const models = await getCrmModels(ctx.clientCode);
  const { defaultCountry } = await readSettings(models);
  const phone = input.phone ? await requirePhone(input.phone, defaultCountry, "/lead/phone") : null;
  const place = input.stageId
    ? await findStageById(models, input.stageId, null)
    : await findFirstStage(models, input.pipelineId, null);
  if (!place && input.stageId) throw invalidReference("/lead/stageId", "stage");
  if (!place && input.pipelineId) throw invalidReference("/lead/pipelineId", "pipeline");
  const extras = phone
    ? { phone: { e164: phone.e164, raw: input.phone ?? "", country: phone.country, candidates: [] } }
    : {};
  return { ...newLeadRecord(ctx, ctx.now(), input, extras, place), _id: madeUpId };
}
