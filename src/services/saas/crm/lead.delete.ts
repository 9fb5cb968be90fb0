import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { checkVersion, notFound } from "./crm.problem";
import { claimIdentities, duplicateLead, findTwin, identityKeysOf, releaseIdentities } from "./lead.identity";
import { rankFor } from "./lead.place";
import { livingLead, saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";
import { enterStage } from "./stage.history";
import { findFirstStage, findStageById } from "./stage.lookup";

/**
 * Hides a lead; its identities are free for a new one. The id of a merged lead deletes nothing: whoever asks does not
 * mean the lead that took it in.
 * @throws AppError not-found, precondition-failed.
 */
export async function deleteLeadInChange(
  _ctx: TenantContext,
  change: Change,
  leadId: string,
  ifMatch?: number,
): Promise<void> {
  const before = await livingLead(change, leadId);
  if (!before._id.equals(leadId)) throw notFound("lead");
  checkVersion(before, ifMatch, toLead);
  await releaseIdentities(change, before._id);
  await saveLead(change, before, { ...before, deletedAt: change.now, rank: null });
  change.record({ type: "lead_deleted", subject: { leadId } });
}

/**
 * Shows a deleted lead again, at the top of its stage. A lead that lives already stays as it is.
 * @throws AppError not-found, precondition-failed, duplicate when another lead has its phone, e-mail or external id by now.
 */
export async function restoreLeadInChange(
  ctx: TenantContext,
  change: Change,
  leadId: string,
  ifMatch?: number,
): Promise<LeadRecord> {
  const before = await change.models.Lead.findOne({ _id: new Types.ObjectId(leadId), mergedInto: null })
    .session(change.session)
    .lean();
  if (!before) throw notFound("lead");
  checkVersion(before, ifMatch, toLead);
  if (before.deletedAt === null) return before;
  const identity = {
    keys: identityKeysOf(before),
    email: before.emailLower,
    externalIds: before.externalIds,
  };
  const twin = await findTwin(change.models, identity, before._id, change.session);
  if (twin) throw duplicateLead(twin);
  const saved = await saveLead(change, before, {
    ...before,
    deletedAt: null,
    ...(await placeAgain(ctx, change, before)),
  });
  await claimIdentities(change, before._id, identity.keys);
  change.record({ type: "lead_restored", subject: { leadId } });
  return saved;
}

/** Its old stage, or where new leads start when that was deleted meanwhile. */
async function placeAgain(
  ctx: TenantContext,
  change: Change,
  lead: LeadRecord,
): Promise<Partial<LeadRecord>> {
  const { models, session } = change;
  const old = lead.stageId ? await findStageById(models, lead.stageId.toHexString(), session) : null;
  const place = old ?? (await findFirstStage(models, undefined, session));
  if (!place) return {};
  const { pipeline, stage } = place;
  const rank = await rankFor(ctx, change, stage._id, {}, lead);
  if (old) return { rank };
  await enterStage(ctx, change, lead._id, lead.stageId, place);
  return {
    pipelineId: pipeline._id,
    stageId: stage._id,
    stageEnteredAt: change.now,
    stalledAt: null,
    status: stage.type,
    rank,
  };
}
