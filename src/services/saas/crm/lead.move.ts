import type { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { checkVersion, invalidReference, invalidState } from "./crm.problem";
import { type Place, rankFor } from "./lead.place";
import { livingLead, saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";
import { requireLostReason } from "./lost.reason.service";
import { requireEntry } from "./stage.entry";
import { recordStageEvents } from "./stage.events";
import { enterStage } from "./stage.history";
import { findStageById, findStageByKey, type StagePlace } from "./stage.lookup";

/** The stage by id, or by key: in the pipeline named, else in the lead's own, else in the default one. */
export type MoveTarget =
  | { readonly stageId: string }
  | { readonly stageKey: string; readonly pipelineKey?: string | undefined };

export interface MoveOptions extends Place {
  readonly lostReason?: string | undefined;
  readonly ifMatch?: number | undefined;
}

/**
 * Moves a lead to a stage, or to another place in its stage. To where it stands already: nothing happens.
 * @throws AppError not-found, precondition-failed, invalid-reference for the stage, a neighbour or a lost reason,
 * invalid-state for a lost reason where nothing is lost, stage-full, missing-fields with a pointer per field.
 */
export async function moveLeadInChange(
  ctx: TenantContext,
  change: Change,
  leadId: string | Types.ObjectId,
  target: MoveTarget,
  options: MoveOptions = {},
): Promise<LeadRecord> {
  const before = await livingLead(change, leadId);
  checkVersion(before, options.ifMatch, toLead);
  const to = await placeOf(change, before, target);
  const { type } = to.stage;
  if (options.lostReason && type !== "lost")
    throw invalidState("A lost reason can be given only with a stage of type lost.");
  if (options.lostReason) await requireLostReason(change, options.lostReason);
  if (before.stageId?.equals(to.stage._id)) return replaceInStage(ctx, change, before, to, options);

  await requireEntry(change, before, to, options.lostReason);
  const { now } = change;
  const saved = await saveLead(change, before, {
    ...before,
    pipelineId: to.pipeline._id,
    stageId: to.stage._id,
    stageEnteredAt: now,
    stalledAt: null,
    rank: await rankFor(ctx, change, to.stage._id, options, before),
    status: type,
    wonAt: type === "won" ? now : null,
    lostAt: type === "lost" ? now : null,
    lostReasonKey: type === "lost" ? (options.lostReason ?? null) : null,
  });
  await enterStage(ctx, change, before._id, before.stageId, to);
  await recordStageEvents(change, before, saved, to);
  return saved;
}

async function placeOf(change: Change, lead: LeadRecord, target: MoveTarget): Promise<StagePlace> {
  const { models, session } = change;
  const byId = "stageId" in target;
  const place = byId
    ? await findStageById(models, target.stageId, session)
    : await findStageByKey(
        models,
        target.stageKey,
        { pipelineKey: target.pipelineKey, nearId: lead.pipelineId },
        session,
      );
  if (!place) throw invalidReference(byId ? "/stageId" : "/stageKey", "stage");
  return place;
}

/** Same stage: only the place in the column and the reason may be new. */
async function replaceInStage(
  ctx: TenantContext,
  change: Change,
  before: LeadRecord,
  to: StagePlace,
  options: MoveOptions,
): Promise<LeadRecord> {
  const asked = options.beforeId !== undefined || options.afterId !== undefined;
  const rank = asked ? await rankFor(ctx, change, to.stage._id, options, before) : before.rank;
  const lostReasonKey = options.lostReason ?? before.lostReasonKey;
  if (rank === before.rank && lostReasonKey === before.lostReasonKey) return before;
  const saved = await saveLead(change, before, { ...before, rank, lostReasonKey });
  change.record({
    type: "lead_updated",
    subject: { leadId: before._id.toHexString() },
    changes: {
      ...(rank === before.rank ? {} : { rank: { from: before.rank, to: rank } }),
      ...(lostReasonKey === before.lostReasonKey
        ? {}
        : { lostReason: { from: before.lostReasonKey, to: lostReasonKey } }),
    },
  });
  return saved;
}
