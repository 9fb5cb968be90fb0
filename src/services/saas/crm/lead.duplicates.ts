/** Leads that may be the same person. The unique keys keep equals apart; these are the likes of one another. */
import { type QueryFilter, trusted } from "mongoose";
import type { LeadDuplicates } from "../../../contracts/lead.duplicate.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { parseWaId } from "../../../lib/phone/phone";
import { leadSearch } from "../../../lib/search/lead.search";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { notFound } from "./crm.problem";
import { findLiving } from "./lead.record";
import { toLead } from "./lead.serialiser";

type Reason = LeadDuplicates["data"][number]["reasons"][number];
const mostPerReason = 20;

/** Suspected duplicates of a lead, those with the most in common first. @throws AppError not-found. */
export async function findDuplicates(ctx: TenantContext, id: string): Promise<LeadDuplicates> {
  const models = await getCrmModels(ctx.clientCode);
  const lead = await findLiving(models, id);
  if (!lead) throw notFound("lead");
  const found = new Map<string, { lead: LeadRecord; reasons: Reason[] }>();
  for (const { reason, filter } of await likenesses(lead)) {
    const likes = await models.Lead.find({
      $and: [filter, { deletedAt: null, _id: trusted({ $ne: lead._id }) }],
    })
      .limit(mostPerReason)
      .lean();
    for (const like of likes) {
      const key = like._id.toHexString();
      const entry = found.get(key) ?? { lead: like, reasons: [] };
      entry.reasons.push(reason);
      found.set(key, entry);
    }
  }
  const data = [...found.values()].sort((a, b) => b.reasons.length - a.reasons.length);
  return { data: data.map(({ lead: like, reasons }) => ({ lead: toLead(like), reasons })) };
}

async function likenesses(lead: LeadRecord): Promise<{ reason: Reason; filter: QueryFilter<LeadRecord> }[]> {
  const search = leadSearch(lead, new Set());
  const byWhatsApp = lead.waId === null ? null : await parseWaId(lead.waId);
  const numbers = [lead.phone, byWhatsApp, ...(lead.otherPhones ?? [])].flatMap(
    (phone) => phone?.candidates ?? [],
  );
  return [
    ...(numbers.length > 0
      ? [{ reason: "same_phone" as const, filter: { "phone.candidates": trusted({ $in: numbers }) } }]
      : []),
    ...(search?.likeAddress
      ? [{ reason: "same_mailbox" as const, filter: { "search.likeAddress": search.likeAddress } }]
      : []),
    ...(search?.likeName
      ? [{ reason: "same_name" as const, filter: { "search.likeName": search.likeName } }]
      : []),
  ];
}
