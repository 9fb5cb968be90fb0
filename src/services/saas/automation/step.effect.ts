import { Types } from "mongoose";
import * as z from "zod";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationStepLogRecord } from "../../../model/saas/automation.run.schema";
import { actions } from "./actions";
import type { ActionInput, ActionOutput } from "./actions/action";
import type { ActionStep } from "./rule.contract";
import type { HeldRun } from "./run.lock";
import type { RuleScope } from "./scope";

const logDays = 180;
const dayMs = 24 * 60 * 60_000;

export type StepOutcome =
  | { kind: "done"; output: ActionOutput }
  | { kind: "stop"; code: string; detail: string };

/**
 * Does one acting step once. Its log row is unique by the effect key: a step that was logged as done is not done
 * again, and one that was begun is begun again with the same key, which is what its effect is unique by.
 * @throws whatever is worth another try, unless this is the last.
 */
export async function performStep(
  ctx: TenantContext,
  held: HeldRun,
  step: ActionStep,
  scope: RuleScope,
  lastTry: boolean,
): Promise<StepOutcome> {
  const { AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const effectKey = `${held.run._id.toHexString()}:${step.id}`;
  const log = await beginLog(ctx, held, step, effectKey);
  if (log.status === "succeeded") return { kind: "done", output: outputSchema.parse(log.output) };

  const finish = (end: Partial<AutomationStepLogRecord>) =>
    AutomationStepLog.updateOne({ effectKey }, { $set: { ...end, endedAt: ctx.now() } });
  try {
    const output = await runAction(ctx, step, { run: held.run, stepId: step.id, effectKey, scope });
    failpoint("after-step-effect");
    await finish({ status: "succeeded", output });
    return { kind: "done", output };
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.worthRetrying && !lastTry) throw error;
    ctx.logger.warn(
      "A step of a rule failed.",
      { runId: held.run._id.toHexString(), step: step.id, code: failure.code },
      error,
    );
    await finish({ status: "failed", reason: failure.detail });
    if (step.onError === "continue") return { kind: "done", output: { failed: true, code: failure.code } };
    return { kind: "stop", code: failure.code, detail: failure.detail };
  }
}

const outputSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

async function beginLog(
  ctx: TenantContext,
  held: HeldRun,
  step: ActionStep,
  effectKey: string,
): Promise<AutomationStepLogRecord> {
  const { AutomationStepLog } = await getCrmModels(ctx.clientCode);
  const { id, type, ...input } = step;
  const log = await AutomationStepLog.findOneAndUpdate(
    { effectKey },
    {
      $setOnInsert: {
        _id: new Types.ObjectId(),
        runId: held.run._id,
        leadId: held.run.leadId,
        stepId: id,
        iteration: held.run.cursor.iteration,
        type,
        status: "running",
        input,
        output: {},
        reason: null,
        startedAt: ctx.now(),
        endedAt: null,
        expireAt: new Date(Date.now() + logDays * dayMs),
      },
      $inc: { attempts: 1 },
    },
    { upsert: true, returnDocument: "after" },
  ).lean();
  if (!log) throw new Error("The step log returned nothing after an upsert.");
  return log;
}

async function runAction(ctx: TenantContext, step: ActionStep, input: ActionInput): Promise<ActionOutput> {
  const { id: _id, type, onError: _onError, ...settings } = step;
  const action = actions.find((each) => each.type === type);
  if (!action) throw new AppError("invalid-state", "This build does not know that step.");
  return action.perform(ctx, settings, input);
}

/** What a person reads in the run. Our own errors say it themselves; others are named without their message. */
function describeFailure(error: unknown): { code: string; detail: string; worthRetrying: boolean } {
  if (error instanceof AppError) {
    return {
      code: error.code,
      detail: error.detail,
      worthRetrying: error.status >= 500 || error.status === 429,
    };
  }
  return { code: "internal-error", detail: "Something went wrong on our side.", worthRetrying: true };
}
