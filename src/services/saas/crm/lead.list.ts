/** Finding leads. Everything here is served by an index; a page far back costs what the first one does. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type { Lead } from "../../../contracts/lead.contract";
import type { DeletedLead, FoundLead, ListLeads, ShowLead } from "../../../contracts/lead.search.contract";
import type { StageVisit } from "../../../contracts/lead.stage.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { parsePhone, requirePhone } from "../../../lib/phone/phone";
import { type Page, pageOf } from "../../../lib/query/page";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { notFound } from "./crm.problem";
import { phoneKey, withExternalId } from "./lead.identity";
import { followedRank } from "./lead.place";
import { findLiving } from "./lead.record";
import { wordFilters } from "./lead.search";
import { toLead, toStageVisit, toTimestamp } from "./lead.serialiser";
import { showLeads } from "./lead.show";
import { readSettings } from "./settings.read";

/**
 * The lead with this id. The id of a merged lead leads to the one that took it in.
 * @throws AppError not-found, also for a deleted lead.
 */
export async function getLead(ctx: TenantContext, id: string): Promise<Lead> {
  const record = await findLiving(await getCrmModels(ctx.clientCode), id);
  if (!record) throw notFound("lead");
  return toLead(record);
}

/** The same as a reader asked to see it. @throws AppError not-found. */
export async function showLead(ctx: TenantContext, id: string, show: ShowLead): Promise<FoundLead> {
  const models = await getCrmModels(ctx.clientCode);
  const record = await findLiving(models, id);
  const [lead] = record ? await showLeads(ctx, models, [record], show) : [];
  if (!lead) throw notFound("lead");
  return lead;
}

/** @throws AppError invalid-cursor, invalid-phone, validation-failed for `rank` without a stage. */
export async function listLeads(ctx: TenantContext, query: ListLeads): Promise<Page<FoundLead>> {
  const models = await getCrmModels(ctx.clientCode);
  const { sort } = query;
  if (sort === "rank" && query.stageId === undefined)
    throw invalidRequest([
      {
        pointer: "/query/sort",
        code: "invalid-value",
        detail: "`rank` is the order within one stage: name it as stageId.",
      },
    ]);
  const page = await pageOf(ctx, models.Lead, {
    route: "listLeads",
    query,
    filter: await leadFilter(models, query),
    sort: sorts[sort],
    ...(sort === "rank" ? { followed: followedRank(models) } : {}),
  });
  return { ...page, data: await showLeads(ctx, models, page.data, query) };
}

/** Deleted leads that can be restored, the latest first; merged ones are no leads of their own any more. */
export async function listDeletedLeads(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<DeletedLead>> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, Lead, {
    route: "listDeletedLeads",
    query,
    filter: { deletedAt: trusted({ $gt: new Date(0) }), mergedInto: null },
    sort: { deletedAt: -1, _id: -1 },
  });
  const deletedAt = (record: LeadRecord) => toTimestamp(record.deletedAt ?? record.updatedAt);
  return { ...page, data: page.data.map((record) => ({ ...toLead(record), deletedAt: deletedAt(record) })) };
}

const sorts = {
  "-createdAt": { createdAt: -1, _id: -1 },
  createdAt: { createdAt: 1, _id: 1 },
  "-updatedAt": { updatedAt: -1, _id: -1 },
  updatedAt: { updatedAt: 1, _id: 1 },
  rank: { rank: 1 },
} as const;

/** What a list's query asks for; exports and boards ask the same way. @throws AppError invalid-phone. */
export async function leadFilter(models: CrmModels, query: ListLeads): Promise<QueryFilter<LeadRecord>> {
  const { stageId, pipelineId, ownerId, teamId, tag, source, status, phone, email } = query;
  const { createdAfter, updatedAfter } = query;
  const words = wordFilters(query.q ?? "");
  return {
    deletedAt: null,
    ...(query.sort === "rank" ? { rank: trusted({ $gt: "" }) } : {}),
    ...(stageId ? { stageId: new Types.ObjectId(stageId) } : {}),
    ...(pipelineId ? { pipelineId: new Types.ObjectId(pipelineId) } : {}),
    ...(ownerId ? { ownerId } : {}),
    ...(teamId ? { teamId: new Types.ObjectId(teamId) } : {}),
    ...(words.length > 0 ? { $and: words } : {}),
    ...(tag ? { tags: tag.normalize("NFC") } : {}),
    ...(source ? { source } : {}),
    ...(status ? { status } : {}),
    ...(phone ? { _id: await leadOfPhone(models, phone) } : {}),
    ...(email ? { emailLower: email } : {}),
    ...(createdAfter ? { createdAt: trusted({ $gte: new Date(createdAfter) }) } : {}),
    ...(updatedAfter ? { updatedAt: trusted({ $gte: new Date(updatedAfter) }) } : {}),
  };
}

/** The id of the lead with this number, else one of nobody. A `+` that was not percent-encoded arrives as a space. */
async function leadOfPhone(models: CrmModels, phone: string): Promise<Types.ObjectId> {
  const { defaultCountry } = await readSettings(models);
  const { canonical } = await requirePhone(phone.replace(/^ /, "+"), defaultCountry, "/query/phone");
  const identity = await models.ContactIdentity.findOne({ _id: phoneKey(canonical), retiredAt: null }).lean();
  return identity?.leadId ?? Types.ObjectId.createFromTime(0);
}

/** How another system names a lead. */
export interface LeadSubject {
  readonly leadId?: string | undefined;
  readonly phone?: string | undefined;
  readonly externalId?: { readonly system: string; readonly id: string } | undefined;
}

/** The living lead of a subject, null when there is none. */
export async function findLeadBySubject(
  ctx: TenantContext,
  { leadId, phone, externalId }: LeadSubject,
): Promise<LeadRecord | null> {
  const models = await getCrmModels(ctx.clientCode);
  if (leadId !== undefined) return findLiving(models, leadId);
  if (externalId) return models.Lead.findOne({ ...withExternalId(externalId), deletedAt: null }).lean();
  if (phone === undefined) return null;
  const parsed = await parsePhone(phone, (await readSettings(models)).defaultCountry);
  const identity =
    parsed &&
    (await models.ContactIdentity.findOne({ _id: phoneKey(parsed.canonical), retiredAt: null }).lean());
  return identity && findLiving(models, identity.leadId);
}

/** Every stay of a lead in a stage, oldest first. @throws AppError not-found. */
export async function listStageHistory(
  ctx: TenantContext,
  leadId: string,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<StageVisit>> {
  const lead = await getLead(ctx, leadId);
  const { StageHistory } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, StageHistory, {
    route: "listStageHistory",
    query: Object.assign({ leadId }, query),
    filter: { leadId: new Types.ObjectId(lead.id) },
    sort: { enteredAt: 1, _id: 1 },
  });
  return { ...page, data: page.data.map(toStageVisit) };
}
