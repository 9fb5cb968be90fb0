/**
 * Two leads that are one person become one: the base wins, what it does not know comes from the other, and everything
 * that belonged to the other belongs to the base. The other's id leads to the base from then on.
 */
import { Types } from "mongoose";
import type { Lead } from "../../../contracts/lead.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { LeadMerging, LeadRecord } from "../../../model/saas/lead.schema";
import { changedFields, fieldChanges } from "./changed.fields";
import { checkVersion, invalidReference, invalidState, notFound } from "./crm.problem";
import { claimIdentities, mailKey } from "./lead.identity";
import { mergedFields } from "./lead.merge.fields";
import { enqueueMerge, moveOf, sliceRows } from "./lead.merge.job";
import { saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";
import { joinConversations } from "./merge.conversations";
import { moveSlice, moveUnsettledMessages } from "./merge.rows";
import { moveRuns } from "./merge.runs";

/** Who takes in whom. */
export interface LeadMerge {
  readonly baseId: string | Types.ObjectId;
  readonly otherId: string | Types.ObjectId;
}

/**
 * Merges two leads. A merge that was done already changes nothing.
 * @throws AppError not-found for the base, invalid-reference for the other, invalid-state for one lead twice,
 * precondition-failed when the base is not at version `ifMatch`.
 */
export async function mergeLeads(
  ctx: TenantContext,
  { ifMatch, ...merge }: LeadMerge & { readonly ifMatch?: number | undefined },
): Promise<Lead> {
  return toLead(await commitChange(ctx, (change) => mergeLeadsInChange(ctx, change, merge, ifMatch)));
}

/**
 * The same in somebody's change. What decides what happens next (the lead, its identities, conversations, living runs,
 * messages being sent) and the newest rows move at once; the rest follows by a job.
 * @returns the base as it is stored now.
 */
export async function mergeLeadsInChange(
  ctx: TenantContext,
  change: Change,
  { baseId, otherId }: LeadMerge,
  ifMatch?: number,
): Promise<LeadRecord> {
  const base = await leadOf(change, baseId);
  if (base?.deletedAt !== null) throw notFound("lead");
  if (base._id.equals(otherId)) throw invalidState("A lead cannot be merged with itself. Name another one.");
  const other = await leadOf(change, otherId);
  if (other?.mergedInto?.equals(base._id)) return base;
  checkVersion(base, ifMatch, toLead);
  if (other?.deletedAt !== null) throw invalidReference("/duplicateId", "lead");

  const conversations = await joinConversations(change, base, other);
  await hide(change, base, other, conversations);
  await leadHere(change, base, other, conversations);
  const saved = await takeIn(change, base, other);

  const move = moveOf(other._id, base._id, conversations);
  await moveRuns(ctx, change, move, "living");
  await moveUnsettledMessages(change, move);
  const moved = await moveSlice(ctx, change, move, sliceRows);
  change.afterCommit(() => enqueueMerge(ctx, other._id, moved < sliceRows ? "later" : "now"));
  recordMerge(change, base, saved, other);
  return saved;
}

function leadOf({ models, session }: Change, id: string | Types.ObjectId): Promise<LeadRecord | null> {
  return models.Lead.findById(new Types.ObjectId(id)).session(session).lean();
}

/** The other is gone from every list, and its e-mail, ids and place in its column are free for the base. */
async function hide(
  change: Change,
  base: LeadRecord,
  other: LeadRecord,
  conversations: LeadMerging["conversations"],
): Promise<void> {
  const { StageHistory } = change.models;
  const { session, now } = change;
  await saveLead(change, other, {
    ...other,
    mergedInto: base._id,
    deletedAt: now,
    rank: null,
    merging: { since: now, conversations },
  });
  // With the base's own place its stay in a stage ends; else the base goes on with it.
  const open = base.stageId
    ? await StageHistory.findOne({ leadId: other._id, leftAt: null }).session(session).lean()
    : null;
  if (!open) return;
  const durationMs = now.getTime() - open.enteredAt.getTime();
  await StageHistory.updateOne({ _id: open._id }, { $set: { leftAt: now, durationMs } }, { session });
}

/** Who was merged into the other before leads to the base now, also what of them is still on its way. */
async function leadHere(
  change: Change,
  base: LeadRecord,
  other: LeadRecord,
  conversations: LeadMerging["conversations"],
): Promise<void> {
  const { Lead } = change.models;
  const { session } = change;
  for (const { from, to } of conversations) {
    await Lead.updateMany(
      { mergedInto: other._id, "merging.conversations.to": from },
      { $set: { "merging.conversations.$[pair].to": to } },
      { session, arrayFilters: [{ "pair.to": from }] },
    );
  }
  await Lead.updateMany({ mergedInto: other._id }, { $set: { mergedInto: base._id } }, { session });
}

async function takeIn(change: Change, base: LeadRecord, other: LeadRecord): Promise<LeadRecord> {
  const { ContactIdentity } = change.models;
  const { session } = change;
  const after = mergedFields(base, other);
  const saved = await saveLead(change, base, after);
  await ContactIdentity.updateMany({ leadId: other._id }, { $set: { leadId: base._id } }, { session });
  // Addresses that were a lead's own had no row; as others they need one.
  const had = new Set([...(base.otherEmails ?? []), ...(other.otherEmails ?? [])]);
  const gained = (after.otherEmails ?? []).filter((email) => !had.has(email));
  await claimIdentities(change, base._id, gained.map(mailKey));
  return saved;
}

/** Fields that say nothing of the person. */
const bookkeeping = ["version", "updatedAt", "createdBy", "createdAt", "lastActivityAt"];

function recordMerge(change: Change, base: LeadRecord, saved: LeadRecord, other: LeadRecord): void {
  const [leadId, mergedLeadId] = [base._id.toHexString(), other._id.toHexString()];
  const shown = new Set(Object.keys(changedFields(toLead(base), toLead(saved))));
  for (const name of bookkeeping) shown.delete(name);
  change.record({
    type: "lead_merged",
    subject: { leadId },
    data: { mergedLeadId },
    changes: fieldChanges(toLead(base), toLead(saved), shown),
  });
  change.record({ type: "lead_deleted", subject: { leadId: mergedLeadId }, data: { mergedInto: leadId } });
}
