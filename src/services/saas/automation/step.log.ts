import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord, AutomationStepLogRecord } from "../../../model/saas/automation.run.schema";
import type { Step } from "./rule.contract";

const logDays = 180;
const dayMs = 24 * 60 * 60_000;

/** What a step's effect is unique by: the same on every retry, another one when the run takes the step again. */
export function effectKeyOf(run: Pick<AutomationRunRecord, "_id" | "cursor">, stepId: string): string {
  const { iteration } = run.cursor;
  return `${run._id.toHexString()}:${stepId}${iteration === 0 ? "" : `:i=${iteration}`}`;
}

/** Opens the log of an acting step, or counts a further try of it. */
export async function beginLog(
  ctx: TenantContext,
  run: AutomationRunRecord,
  step: Step,
): Promise<AutomationStepLogRecord> {
  const { AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const log = await AutomationStepLog.findOneAndUpdate(
    { effectKey: effectKeyOf(run, step.id) },
    { $setOnInsert: { ...newLog(ctx, run, step), status: "running" }, $inc: { attempts: 1 } },
    { upsert: true, returnDocument: "after" },
  ).lean();
  if (!log) throw new Error("The step log returned nothing after an upsert.");
  return log;
}

/** Writes down how a step went, or what it waits for. */
export async function noteStep(
  ctx: TenantContext,
  run: AutomationRunRecord,
  step: Step,
  note: Partial<AutomationStepLogRecord> & Pick<AutomationStepLogRecord, "status">,
): Promise<void> {
  const { AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const fields = { scheduledFor: null, endedAt: note.status === "running" ? null : ctx.now(), ...note };
  const defaults = Object.fromEntries(
    Object.entries(newLog(ctx, run, step)).filter(([name]) => !(name in fields)),
  );
  await AutomationStepLog.updateOne(
    { effectKey: effectKeyOf(run, step.id) },
    { $set: fields, $setOnInsert: { ...defaults, attempts: 0 } },
    { upsert: true },
  );
}

function newLog(
  ctx: TenantContext,
  run: AutomationRunRecord,
  step: Step,
): Omit<AutomationStepLogRecord, "attempts" | "status" | "effectKey"> {
  const { id, type, ...input } = step;
  return {
    _id: new Types.ObjectId(),
    ruleId: run.ruleId,
    runId: run._id,
    leadId: run.leadId,
    stepId: id,
    iteration: run.cursor.iteration,
    type,
    input,
    output: {},
    trace: [],
    reason: null,
    scheduledFor: null,
    startedAt: ctx.now(),
    endedAt: null,
    expireAt: new Date(Date.now() + logDays * dayMs),
  };
}
