import { type ClientSession, Types } from "mongoose";
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

/** How a step went, or what it waits for. */
export type StepNote = Partial<AutomationStepLogRecord> & Pick<AutomationStepLogRecord, "status">;

/** A note that is to be written together with the run's next move. */
export interface PendingNote {
  readonly step: Step;
  readonly note: StepNote;
  /** It was a try of an acting step, which its log counts. */
  readonly tried?: true;
  /** Of an effect that is in the same transaction: refused by the log's key when it happened before. */
  readonly once?: true;
}

/** Writes a note down. */
export async function noteStep(
  ctx: TenantContext,
  run: AutomationRunRecord,
  step: Step,
  note: StepNote,
): Promise<void> {
  await writeNotes(ctx, run, [{ step, note }]);
}

/** Writes notes down, in their order. @throws the driver's duplicate key error (effect) for a `once` that is there. */
export async function writeNotes(
  ctx: TenantContext,
  run: AutomationRunRecord,
  notes: readonly PendingNote[],
  session?: ClientSession,
): Promise<void> {
  if (notes.length === 0) return;
  const { AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const writes = notes.map(({ step, note, tried, once }) => {
    const fields = { scheduledFor: null, endedAt: note.status === "running" ? null : ctx.now(), ...note };
    const defaults = Object.fromEntries(
      Object.entries(newLog(ctx, run, step)).filter(([name]) => !(name in fields)),
    );
    return {
      updateOne: {
        filter: {
          effectKey: effectKeyOf(run, step.id),
          ...(once ? { status: { $ne: "succeeded" as const } } : {}),
        },
        update: {
          $set: fields,
          ...(tried
            ? { $setOnInsert: defaults, $inc: { attempts: 1 } }
            : { $setOnInsert: { ...defaults, attempts: 0 } }),
        },
        upsert: true,
      },
    };
  });
  await AutomationStepLog.collection.bulkWrite(writes, { ordered: true, ...(session ? { session } : {}) });
}

/** What an acting step left. @returns undefined while it has not succeeded. */
export async function outputOf(
  ctx: TenantContext,
  run: AutomationRunRecord,
  step: Step,
): Promise<Record<string, unknown> | undefined> {
  const { AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const log = await AutomationStepLog.findOne({
    effectKey: effectKeyOf(run, step.id),
    status: "succeeded",
  }).lean();
  return log?.output;
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
