import { Types } from "mongoose";
import type {
  AutomationDecision,
  AutomationRun,
  AutomationRunDetail,
} from "../../../contracts/automation.run.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type {
  AutomationDecisionRecord,
  AutomationRunRecord,
} from "../../../model/saas/automation.run.schema";

/** @throws AppError not-found */
export async function getRun(ctx: TenantContext, id: string): Promise<AutomationRunDetail> {
  const { AutomationRun, AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const record = await AutomationRun.findById(new Types.ObjectId(id)).lean();
  if (!record) throw new AppError("not-found", "There is no such run.");
  const steps = await AutomationStepLog.find({ runId: record._id }).sort({ startedAt: 1, _id: 1 }).lean();
  return {
    ...toRun(record),
    steps: steps.map((step) => ({
      stepId: step.stepId,
      type: step.type,
      status: step.status,
      input: step.input,
      output: step.output,
      iteration: step.iteration,
      trace: step.trace.map(toTraceLine),
      reason: step.reason,
      attempts: step.attempts,
      scheduledFor: step.scheduledFor?.toISOString() ?? null,
      startedAt: step.startedAt.toISOString(),
      endedAt: step.endedAt?.toISOString() ?? null,
    })),
  };
}

/** The run as the API shows it. */
export function toRun(record: AutomationRunRecord): AutomationRun {
  return {
    id: record._id.toHexString(),
    ruleId: record.ruleId.toHexString(),
    ruleVersion: record.ruleVersion,
    leadId: record.leadId.toHexString(),
    trigger: {
      eventId: record.triggerEvent.id,
      type: record.triggerEvent.type,
      occurredAt: record.triggerEvent.occurredAt.toISOString(),
    },
    status: record.status,
    exitReason: record.exitReason,
    stepId: record.cursor.stepId,
    dueAt: record.dueAt?.toISOString() ?? null,
    wait: record.wait && { ...record.wait, until: record.wait.until?.toISOString() ?? null },
    error: record.error,
    startedAt: record.startedAt.toISOString(),
    endedAt: record.endedAt?.toISOString() ?? null,
  };
}

/** The decision as the API shows it. */
export function toDecision(record: AutomationDecisionRecord): AutomationDecision {
  return {
    ruleId: record.ruleId.toHexString(),
    eventId: record.eventId,
    leadId: record.leadId?.toHexString() ?? null,
    outcome: record.outcome,
    reason: record.reason,
    trace: record.trace.map(toTraceLine),
    runId: record.runId?.toHexString() ?? null,
    at: record.at.toISOString(),
  };
}

const toTraceLine = (line: Record<string, unknown>): AutomationDecision["trace"][number] => ({
  field: String(line.field),
  op: String(line.op),
  expected: line.expected,
  actual: line.actual,
  passed: line.passed === true,
});
