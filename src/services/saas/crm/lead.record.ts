/** Reading and writing one stored lead inside a change. */
import { Types } from "mongoose";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { changedFields } from "./changed.fields";
import { notFound } from "./crm.problem";

/** @throws AppError not-found when the lead does not exist here or was deleted. */
export async function livingLead(change: Change, leadId: string | Types.ObjectId): Promise<LeadRecord> {
  const lead = await change.models.Lead.findOne({ _id: new Types.ObjectId(leadId), deletedAt: null })
    .session(change.session)
    .lean();
  if (!lead) throw notFound("lead");
  return lead;
}

/** Writes what differs between two states of a lead; its version rises. @returns the lead as it is stored now. */
export async function saveLead(change: Change, before: LeadRecord, after: LeadRecord): Promise<LeadRecord> {
  const saved = { ...after, version: before.version + 1, updatedAt: change.now };
  await change.models.Lead.updateOne(
    { _id: before._id },
    { $set: changedFields(before, saved) },
    { session: change.session },
  );
  return saved;
}
