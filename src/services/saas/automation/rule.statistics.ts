/** How a rule does, in figures. Counted from index keys alone, each up to a bound, so that it costs the same however much it ran. */
import { type Model, type QueryFilter, Types } from "mongoose";
import type { BoundedCount, RuleStatistics } from "../../../contracts/automation.insight.contract";
import { runStatusSchema } from "../../../contracts/automation.run.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { readDefinition } from "./published.rules";

/** Nobody reads a figure beyond it more exactly. */
const countedUpTo = 10_000;
const runStatuses = runStatusSchema.options;
const stepStatuses = ["succeeded", "failed", "skipped"] as const;

/** @throws AppError not-found */
export async function ruleStatistics(ctx: TenantContext, id: string): Promise<RuleStatistics> {
  const { AutomationRule, AutomationRun, AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const ruleId = new Types.ObjectId(id);
  const rule = await AutomationRule.findById(ruleId).lean();
  if (!rule) throw new AppError("not-found", "There is no such rule.");
  const [counts, enrolled, last] = await Promise.all([
    Promise.all(runStatuses.map((status) => count(AutomationRun, { ruleId, status }))),
    count(AutomationRun, { ruleId }),
    AutomationRun.findOne({ ruleId }).sort({ startedAt: -1, _id: -1 }).select({ startedAt: 1 }).lean(),
  ]);
  const steps: RuleStatistics["steps"] = [];
  for (const { id: stepId, type } of readDefinition(rule.draft)?.steps ?? []) {
    const [succeeded, failed, skipped] = await Promise.all(
      stepStatuses.map((status) => count(AutomationStepLog, { ruleId, stepId, status })),
    );
    if (succeeded && failed && skipped) steps.push({ stepId, type, succeeded, failed, skipped });
  }
  const of = (status: (typeof runStatuses)[number]): BoundedCount =>
    counts[runStatuses.indexOf(status)] ?? { count: 0, more: false };
  return {
    enrolled,
    queued: of("queued"),
    active: of("active"),
    waiting: of("waiting"),
    completed: of("completed"),
    exited: of("exited"),
    failed: of("failed"),
    cancelled: of("cancelled"),
    lastRun: last && { id: last._id.toHexString(), startedAt: last.startedAt.toISOString() },
    steps,
  };
}

/** @returns at most `countedUpTo`, and whether there are more. */
async function count<T>(model: Model<T>, filter: QueryFilter<T>): Promise<BoundedCount> {
  const found = await model.countDocuments(filter).limit(countedUpTo + 1);
  return { count: Math.min(found, countedUpTo), more: found > countedUpTo };
}
