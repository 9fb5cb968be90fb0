/** What becomes of runs that began with an earlier version, when a new one is published. */
import { Types, trusted } from "mongoose";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationVersionRecord } from "../../../model/saas/automation.rule.schema";
import { enqueueAdvances } from "./alarm";
import { cancelAlarm, endRunsOf } from "./end.runs";
import { listensOf } from "./listens";
import { readDefinition } from "./published.rules";

const batch = 200;

/** Does with earlier runs what the publisher chose. Doing it again changes nothing. */
export async function settlePendingRuns(
  ctx: TenantContext,
  version: Pick<AutomationVersionRecord, "ruleId" | "n" | "pendingRuns" | "definition">,
): Promise<void> {
  const { ruleId, n, pendingRuns } = version;
  if (pendingRuns === "cancel")
    await endRunsOf(ctx, { ruleId, before: n }, { status: "cancelled", exitReason: "published" });
  if (pendingRuns === "restart") await restartRuns(ctx, version);
  const { AutomationVersion } = await getCrmModels(ctx.clientCode);
  await AutomationVersion.updateOne({ ruleId, n }, { $set: { settledAt: ctx.now() } });
}

/** Finishes what a process that died after publishing left. */
export async function sweepPendingRuns(ctx: TenantContext): Promise<{ taken: number }> {
  const { AutomationVersion } = await getCrmModels(ctx.clientCode);
  const versions = await AutomationVersion.find({ settledAt: null }).sort({ publishedAt: 1 }).lean();
  for (const version of versions) await settlePendingRuns(ctx, version);
  return { taken: versions.length };
}

/** Living runs begin the new version from its first step; whoever holds one loses it. */
async function restartRuns(
  ctx: TenantContext,
  { ruleId, n, definition: stored }: Pick<AutomationVersionRecord, "ruleId" | "n" | "definition">,
): Promise<void> {
  const definition = readDefinition(stored);
  const stepId = definition?.steps[0]?.id ?? null;
  const listens = definition ? listensOf(definition) : [];
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const earlier = {
    ruleId,
    status: trusted({ $in: [...livingStatuses] }),
    ruleVersion: trusted({ $lt: n }),
  };
  let after = new Types.ObjectId("000000000000000000000000");
  for (;;) {
    const runs = await AutomationRun.find({ ...earlier, _id: trusted({ $gt: after }) })
      .sort({ _id: 1 })
      .limit(batch)
      .select({ cursor: 1 })
      .lean();
    const now = ctx.now();
    for (const run of runs) await cancelAlarm(ctx, run);
    const _id = trusted({ $in: runs.map((run) => run._id) });
    await AutomationRun.updateMany(
      { ...earlier, _id },
      {
        $set: {
          ruleVersion: n,
          "cursor.stepId": stepId,
          listens,
          vars: {},
          values: {},
          wait: null,
          dueAt: now,
          lock: null,
          held: false,
          status: "active",
          updatedAt: now,
        },
        $inc: { "cursor.iteration": 1, version: 1 },
      },
    );
    const restarted = await AutomationRun.find({ _id, ruleVersion: n }).select({ cursor: 1 }).lean();
    await enqueueAdvances(ctx, restarted);
    const last = runs.at(-1);
    if (!last || runs.length < batch) return;
    after = last._id;
  }
}
