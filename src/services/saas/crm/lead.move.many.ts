/** Many leads of one stage into another at once: what emptying a stage needs. */
import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { leadSearch } from "../../../lib/search/lead.search";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { changedFields } from "./changed.fields";
import { ranksAtEnd } from "./lead.place";
import { filterableKeys } from "./lead.searchable";
import { recordStageEvents } from "./stage.events";
import { newStay } from "./stage.history";
import type { StagePlace } from "./stage.lookup";

/**
 * Moves the first leads of a stage, in their order, below those of another one. Each has the history and the events
 * of a move of its own. The target's limit and required fields do not hold: nobody chose this lead by lead.
 * @returns how many moved; fewer than `limit` when the stage is empty now.
 */
export async function moveManyInChange(
  ctx: TenantContext,
  change: Change,
  fromStageId: Types.ObjectId,
  to: StagePlace,
  limit: number,
): Promise<number> {
  const { Lead } = change.models;
  const { session, now } = change;
  const leads = await Lead.find({ stageId: fromStageId, deletedAt: null, rank: trusted({ $gt: "" }) })
    .sort({ rank: 1 })
    .limit(limit)
    .session(session)
    .lean();
  if (leads.length === 0) return 0;
  const { type } = to.stage;
  const ranks = await ranksAtEnd(ctx, change, to.stage._id, leads.length);
  const filterable = await filterableKeys(change.models, session);
  const moved = leads.map((before, index) => {
    const saved: LeadRecord = {
      ...before,
      pipelineId: to.pipeline._id,
      stageId: to.stage._id,
      stageEnteredAt: now,
      stalledAt: null,
      rank: ranks[index] ?? null,
      status: type,
      wonAt: type === "won" ? (before.wonAt ?? now) : null,
      lostAt: type === "lost" ? (before.lostAt ?? now) : null,
      lostReasonKey: type === "lost" ? before.lostReasonKey : null,
      version: before.version + 1,
      updatedAt: now,
    };
    saved.search = leadSearch(saved, filterable);
    return { before, saved };
  });
  await Lead.collection.bulkWrite(
    moved.map(({ before, saved }) => ({
      updateOne: { filter: { _id: before._id }, update: { $set: changedFields(before, saved) } },
    })),
    { session },
  );
  await moveHistory(ctx, change, moved, to);
  for (const { before, saved } of moved) await recordStageEvents(change, before, saved, to);
  return moved.length;
}

async function moveHistory(
  ctx: TenantContext,
  change: Change,
  moved: readonly { before: LeadRecord; saved: LeadRecord }[],
  to: StagePlace,
): Promise<void> {
  const { StageHistory } = change.models;
  const { session, now } = change;
  await StageHistory.updateMany(
    { leadId: trusted({ $in: moved.map(({ before }) => before._id) }), leftAt: null },
    [{ $set: { leftAt: now, durationMs: { $subtract: [now, "$enteredAt"] } } }],
    { session, updatePipeline: true },
  );
  await StageHistory.collection.insertMany(
    moved.map(({ before }) => newStay(ctx, now, before._id, before.stageId, to)),
    { session },
  );
}
