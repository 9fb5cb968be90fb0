import { Types, trusted } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import { cancelJob } from "../../../jobs/queue/enqueue";
import { readPath } from "../../../lib/condition";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { triggerOf } from "./match.rules";
import { findVersion } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";

/**
 * Ends the lead's living runs that this event ends (`exitOn`), and cancels their alarms. An event counts only if it
 * is later than the run's trigger and has another root cause: the message that created a lead does not end the
 * welcome. Whoever holds such a run at this moment loses it and stops before its next step.
 */
export async function exitRuns(ctx: TenantContext, event: CrmEvent): Promise<void> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  if (!event.subject.leadId) return;
  const living = await AutomationRun.find({
    leadId: new Types.ObjectId(event.subject.leadId),
    status: trusted({ $in: ["active", "waiting"] }),
  }).lean();
  for (const run of living) {
    if (!countsAgainst(run, event)) continue;
    const version = await findVersion(ctx, run.ruleId, run.ruleVersion);
    if (!version?.definition.exitOn.some((exit) => ends(exit, run, event))) continue;
    const now = ctx.now();
    const { modifiedCount } = await AutomationRun.updateOne(
      { _id: run._id, status: trusted({ $in: ["active", "waiting"] }) },
      {
        $set: {
          status: "exited",
          exitReason: triggerOf(event),
          concurrencyKey: null,
          wait: null,
          dueAt: null,
          lock: null,
          endedAt: now,
          updatedAt: now,
        },
        $inc: { version: 1 },
      },
    );
    if (modifiedCount === 1 && run.cursor.stepId) {
      await cancelJob(ctx.clientCode, "automation.run", `${run._id.toHexString()}:${run.cursor.stepId}`);
    }
  }
}

function countsAgainst(run: AutomationRunRecord, event: CrmEvent): boolean {
  return (
    event.causation.rootEventId !== run.causation.rootEventId &&
    new Date(event.occurredAt).getTime() > run.triggerEvent.occurredAt.getTime()
  );
}

function ends(exit: RuleDefinition["exitOn"][number], run: AutomationRunRecord, event: CrmEvent): boolean {
  if (exit.event !== triggerOf(event)) return false;
  if (exit.stageKey && exit.stageKey !== event.data.toStageKey && exit.stageKey !== event.data.fromStageKey)
    return false;
  if (!exit.match) return true;
  const theirs = readPath({ event: { data: event.data } }, exit.match);
  const ours = readPath({ event: { data: run.triggerEvent.data } }, exit.match);
  return ours !== undefined && ours === theirs;
}
