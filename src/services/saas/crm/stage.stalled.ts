/** Leads that stand in a stage for longer than it allows: told once per stay, found by index. */
import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { stageData } from "./stage.events";
import { livingStages, type StagePlace } from "./stage.lookup";

const batch = 200;
const maxBatches = 50;
const dayMs = 24 * 60 * 60_000;

/** Tells `stage_stalled` for every open stage that has `rottingDays`. */
export async function sweepStalledLeads(ctx: TenantContext): Promise<{ taken: number }> {
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  let taken = 0;
  for (const pipeline of await Pipeline.find({}).lean()) {
    for (const stage of livingStages(pipeline)) {
      if (stage.type !== "open" || stage.rottingDays === null) continue;
      const before = new Date(ctx.now().getTime() - stage.rottingDays * dayMs);
      taken += await tellStalled(ctx, { pipeline, stage }, before);
    }
  }
  return { taken };
}

async function tellStalled(ctx: TenantContext, place: StagePlace, before: Date): Promise<number> {
  let told = 0;
  for (let round = 0; round < maxBatches; round += 1) {
    const ids = await stalledIds(ctx, place, before);
    if (ids.length > 0) told += await mark(ctx, place, before, ids);
    if (ids.length < batch) return told;
  }
  return told;
}

async function stalledIds(
  ctx: TenantContext,
  { stage }: StagePlace,
  before: Date,
): Promise<Types.ObjectId[]> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  const leads = await Lead.find(stalled(stage._id, before))
    .sort({ stageEnteredAt: 1 })
    .limit(batch)
    .select({ _id: 1 })
    .lean();
  return leads.map(({ _id }) => _id);
}

const stalled = (stageId: Types.ObjectId, before: Date) => ({
  stageId,
  stageEnteredAt: trusted({ $lte: before }),
  stalledAt: null,
  deletedAt: null,
});

/** Marks and tells in one change, those only that still stand there. */
async function mark(
  ctx: TenantContext,
  place: StagePlace,
  before: Date,
  ids: readonly Types.ObjectId[],
): Promise<number> {
  return commitChange(ctx, async (change) => {
    const { Lead } = change.models;
    const { session, now } = change;
    const leads = await Lead.find({ ...stalled(place.stage._id, before), _id: trusted({ $in: ids }) })
      .select({ stageEnteredAt: 1 })
      .session(session)
      .lean();
    await Lead.updateMany(
      { _id: trusted({ $in: leads.map(({ _id }) => _id) }) },
      { $set: { stalledAt: now, updatedAt: now }, $inc: { version: 1 } },
      { session },
    );
    for (const { _id, stageEnteredAt } of leads)
      change.record({
        type: "stage_stalled",
        subject: { leadId: _id.toHexString() },
        data: {
          ...stageData(place),
          stageEnteredAt: stageEnteredAt?.toISOString() ?? null,
          rottingDays: place.stage.rottingDays,
        },
      });
    return leads.length;
  });
}
