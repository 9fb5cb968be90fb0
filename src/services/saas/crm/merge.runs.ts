import { type Types, trusted } from "mongoose";
import { livingStatuses as living } from "../../../contracts/automation.run.contract";
import { cancelJob } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";

/** Between which leads rows move, and which conversations became which. */
export interface Move {
  readonly from: Types.ObjectId;
  readonly to: Types.ObjectId;
  readonly conversationOf: (id: Types.ObjectId) => Types.ObjectId;
}

/**
 * Moves automation runs to the lead that stays: the living ones, or any up to `limit`. One that the base went or goes
 * through as well ends here, so that nobody gets the same messages twice.
 * @returns how many moved.
 */
export async function moveRuns(
  ctx: TenantContext,
  change: Change,
  move: Move,
  which: "living" | { readonly limit: number },
): Promise<number> {
  const { AutomationRun } = change.models;
  const filter = { leadId: move.from, ...(which === "living" ? { status: trusted({ $in: living }) } : {}) };
  const found = AutomationRun.find(filter).session(change.session);
  const runs = await (which === "living" ? found : found.limit(which.limit)).lean();
  for (const run of runs) await moveRun(ctx, change, move, run);
  return runs.length;
}

async function moveRun(
  ctx: TenantContext,
  change: Change,
  move: Move,
  run: AutomationRunRecord,
): Promise<void> {
  const { AutomationRun } = change.models;
  const { session, now } = change;
  const { ruleId, enrollmentKey, concurrencyKey } = run;
  const enrolled = await AutomationRun.exists({ ruleId, leadId: move.to, enrollmentKey }).session(session);
  const beside =
    concurrencyKey !== null &&
    (await AutomationRun.exists({ ruleId, leadId: move.to, concurrencyKey }).session(session));
  const isLiving = living.some((status) => status === run.status);
  const ends = isLiving && (enrolled !== null || Boolean(beside));
  await AutomationRun.updateOne(
    { _id: run._id },
    {
      $set: {
        leadId: move.to,
        // Whoever takes it further loses it: one run of a lead is held at a time, and the base may have one.
        lock: null,
        held: false,
        conversationId: run.conversationId && move.conversationOf(run.conversationId),
        // Two runs under one key were two people's; the key of the one that came along is its own from now on.
        ...(enrolled ? { enrollmentKey: `${enrollmentKey}:merged:${run._id.toHexString()}` } : {}),
        ...(ends ? ending(now) : {}),
        updatedAt: now,
      },
      $inc: { version: 1 },
    },
    { session },
  );
  const { stepId } = run.cursor;
  if (!ends || stepId === null) return;
  change.afterCommit(async () => {
    await cancelJob(ctx.clientCode, "automation.run", `${run._id.toHexString()}:${stepId}`);
  });
}

function ending(now: Date): Partial<AutomationRunRecord> {
  return {
    status: "exited",
    exitReason: "lead_merged",
    concurrencyKey: null,
    wait: null,
    dueAt: null,
    lock: null,
    endedAt: now,
  };
}
