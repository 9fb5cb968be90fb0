/** Reading and writing one stored lead inside a change. */
import { type ClientSession, Types } from "mongoose";
import type { Change } from "../../../lib/tenant/commit.change";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { changedFields } from "./changed.fields";
import { notFound } from "./crm.problem";
import { searchable } from "./lead.searchable";
import { noteNewNames } from "./vocabulary.note";

/**
 * The lead with this id; the id of a merged lead leads to the one that took it in, so look at `_id` of what comes back.
 * @throws AppError not-found when the lead does not exist here or was deleted.
 */
export async function livingLead(change: Change, leadId: string | Types.ObjectId): Promise<LeadRecord> {
  const lead = await findLiving(change.models, leadId, change.session);
  if (!lead) throw notFound("lead");
  return lead;
}

/** The same, null when there is none. */
export async function findLiving(
  { Lead }: Pick<CrmModels, "Lead">,
  leadId: string | Types.ObjectId,
  session: ClientSession | null = null,
): Promise<LeadRecord | null> {
  const lead = await Lead.findById(new Types.ObjectId(leadId)).session(session).lean();
  if (lead?.mergedInto)
    return Lead.findOne({ _id: lead.mergedInto, deletedAt: null }).session(session).lean();
  return lead?.deletedAt === null ? lead : null;
}

/** Writes what differs between two states of a lead; its version rises. @returns the lead as it is stored now. */
export async function saveLead(change: Change, before: LeadRecord, after: LeadRecord): Promise<LeadRecord> {
  const next = { ...after, version: before.version + 1, updatedAt: change.now };
  const saved = await searchable(change.models, next, change.session);
  await noteNewNames(change, before, saved);
  await change.models.Lead.updateOne(
    { _id: before._id },
    { $set: changedFields(before, saved) },
    { session: change.session },
  );
  return saved;
}
