import { type QueryFilter, Types, trusted } from "mongoose";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import { cancelJob } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";

const batch = 200;

export type RunEnd = Pick<AutomationRunRecord, "status" | "exitReason">;

/** What a run that is over looks like, however it ended. */
export function endedFields(end: RunEnd, now: Date) {
  return {
    ...end,
    concurrencyKey: null,
    wait: null,
    dueAt: null,
    lock: null,
    held: false,
    endedAt: now,
    updatedAt: now,
  };
}

/**
 * Ends one living run from outside. Whoever holds it at this moment loses it and stops before its next step.
 * @returns whether it was living.
 */
export async function endRunFromOutside(
  ctx: TenantContext,
  run: Pick<AutomationRunRecord, "_id" | "cursor">,
  end: RunEnd,
  only: QueryFilter<AutomationRunRecord> = {},
): Promise<boolean> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const { modifiedCount } = await AutomationRun.updateOne(
    { ...only, _id: run._id, status: trusted({ $in: [...livingStatuses] }) },
    { $set: endedFields(end, ctx.now()), $inc: { version: 1 } },
  );
  if (modifiedCount === 1) await cancelAlarm(ctx, run);
  return modifiedCount === 1;
}

/** Takes a run's alarm out of the queue; one that is in flight finds the run over. */
export async function cancelAlarm(
  ctx: TenantContext,
  { _id, cursor }: Pick<AutomationRunRecord, "_id" | "cursor">,
): Promise<void> {
  if (cursor.stepId) await cancelJob(ctx.clientCode, "automation.run", alarmKey(_id.toHexString(), cursor));
}

/** One alarm for each time a run stands on a step. */
export function alarmKey(runId: string, cursor: { stepId: string | null; iteration: number }): string {
  return `${runId}:${cursor.stepId ?? "end"}${cursor.iteration === 0 ? "" : `:i=${cursor.iteration}`}`;
}

/** Ends all living runs of a rule, of one lead or of all. @returns how many it ended. */
export async function endRunsOf(
  ctx: TenantContext,
  of: { ruleId: Types.ObjectId; leadId?: Types.ObjectId; except?: Types.ObjectId; before?: number },
  end: RunEnd,
): Promise<number> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  let ended = 0;
  let after = new Types.ObjectId("000000000000000000000000");
  for (;;) {
    const runs = await AutomationRun.find({
      ruleId: of.ruleId,
      status: trusted({ $in: [...livingStatuses] }),
      _id: trusted({ $gt: after }),
      ...(of.leadId ? { leadId: of.leadId } : {}),
      ...(of.before === undefined ? {} : { ruleVersion: trusted({ $lt: of.before }) }),
    })
      .sort({ _id: 1 })
      .limit(batch)
      .select({ cursor: 1 })
      .lean();
    const others = runs.filter(({ _id }) => !of.except?.equals(_id));
    const results = await Promise.all(others.map((run) => endRunFromOutside(ctx, run, end)));
    ended += results.filter(Boolean).length;
    const last = runs.at(-1);
    if (!last || runs.length < batch) return ended;
    after = last._id;
  }
}
