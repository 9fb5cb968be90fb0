/** People steer runs: cancel one or all of a rule, or have a failed one go on. */
import { Types } from "mongoose";
import type { AutomationRunDetail } from "../../../contracts/automation.run.contract";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { markTenantActive } from "../../../lib/tenant/mark.active";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { enqueueAdvance } from "./alarm";
import { endRunFromOutside, endRunsOf } from "./end.runs";
import { findVersion } from "./published.rules";
import { getRun } from "./run.service";

const reason = "cancelled_by_user";

/** Ends a living run; one that was cancelled stays so. @throws AppError not-found, invalid-state when it is over. */
export async function cancelRun(ctx: TenantContext, id: string): Promise<AutomationRunDetail> {
  const run = await findRun(ctx, id);
  const cancelled = await endRunFromOutside(ctx, run, { status: "cancelled", exitReason: reason });
  const now = await getRun(ctx, id);
  if (!cancelled && now.status !== "cancelled")
    throw new AppError("invalid-state", `The run is over: it is ${now.status}.`);
  return now;
}

/** Ends all living runs of a rule. @throws AppError not-found */
export async function cancelRuns(ctx: TenantContext, ruleId: string): Promise<{ cancelled: number }> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const _id = new Types.ObjectId(ruleId);
  if (!(await AutomationRule.exists({ _id }))) throw new AppError("not-found", "There is no such rule.");
  return { cancelled: await endRunsOf(ctx, { ruleId: _id }, { status: "cancelled", exitReason: reason }) };
}

/**
 * Has a failed run go on from the step that failed. Steps before it are not taken again, and an effect of that step
 * that did happen is found by its key.
 * @throws AppError not-found, invalid-state when it did not fail, or when the lead is in the rule again by now.
 */
export async function retryRun(ctx: TenantContext, id: string): Promise<AutomationRunDetail> {
  const run = await findRun(ctx, id);
  if (livingStatuses.some((status) => status === run.status)) return getRun(ctx, id);
  if (run.status !== "failed")
    throw new AppError("invalid-state", `Only a failed run can be resumed; this one is ${run.status}.`);
  const definition = (await findVersion(ctx, run.ruleId, run.ruleVersion))?.definition;
  if (!definition)
    throw new AppError("invalid-state", "The version that the run began with cannot be read any more.");
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const living = run.scopeKey === "" ? "living" : `${run.scopeKey}:living`;
  // From here on the sweep finds it, should we die before it has its job.
  await markTenantActive(ctx.clientCode);
  try {
    await AutomationRun.updateOne(
      { _id: run._id, status: "failed" },
      {
        $set: {
          status: "active",
          exitReason: null,
          error: null,
          endedAt: null,
          dueAt: now,
          concurrencyKey: definition.enrollment.reentry === "after_exit" ? living : null,
          updatedAt: now,
        },
        $inc: { version: 1 },
      },
    );
  } catch (error) {
    if (!isDuplicateKey(error, "concurrency")) throw error;
    throw new AppError("invalid-state", "The lead has another run of this rule by now, which goes on.");
  }
  await enqueueAdvance(ctx, run);
  return getRun(ctx, id);
}

async function findRun(ctx: TenantContext, id: string): Promise<AutomationRunRecord> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const run = await AutomationRun.findById(new Types.ObjectId(id)).lean();
  if (!run) throw new AppError("not-found", "There is no such run.");
  return run;
}
