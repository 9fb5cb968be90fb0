/**
 * Takes a run as far as it goes: step after step, until it waits, ends, or reaches a step that belongs to the queue.
 * Every move is conditional on the run's lock, and every effect on its key, so that whoever comes second, after a
 * crash or beside us, changes nothing.
 */
import { randomUUID } from "node:crypto";
import { Types } from "mongoose";
import { type Enqueued, enqueue } from "../../../jobs/queue/enqueue";
import { actingFor } from "../../../lib/context/create.context";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { markTenantActive } from "../../../lib/tenant/mark.active";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { actions } from "./actions";
import { planDelay } from "./delay";
import { findVersion } from "./published.rules";
import type { RuleDefinition, Step } from "./rule.contract";
import { endRun, type HeldRun, heldUntil, holdRun, moveRun, releaseRun } from "./run.lock";
import { type RuleScope, readScope } from "./scope";
import { performStep } from "./step.effect";

export type Advance =
  | { kind: "ended"; status: AutomationRunRecord["status"] }
  | { kind: "waiting"; until: Date }
  /** It waits, and its alarm is the very job that asks: that came early by some clock, so it has to come again. */
  | { kind: "early"; until: Date }
  | { kind: "queued" }
  /** Somebody holds the run, or died holding it. */
  | { kind: "held"; until: Date }
  /** It is over. */
  | { kind: "not_ours" };

/**
 * @param from `job` when the queue calls, which may do what reaches outside; `dispatch` right after the event.
 * @throws whatever made a step fail in a way worth another try; the run is released and the job tries again. With
 * `lastTry` such a failure ends the run (or the step, with onError continue) instead.
 */
export async function advanceRun(
  ctx: TenantContext,
  runId: string,
  options: { from: "job" | "dispatch"; lastTry: boolean },
): Promise<Advance> {
  // The moves of a run are no changes of the tenant's that mark it: from here on the sweep finds what a crash leaves.
  await markTenantActive(ctx.clientCode);
  const held = await holdRun(ctx, new Types.ObjectId(runId), randomUUID());
  if (!held) {
    const until = await heldUntil(ctx, new Types.ObjectId(runId));
    return until ? { kind: "held", until } : { kind: "not_ours" };
  }
  const version = await findVersion(ctx, held.run.ruleId, held.run.ruleVersion);
  if (!version) return ended(await endRun(ctx, held, { status: "cancelled", exitReason: "rule_deleted" }));
  const acting = actingFor(ctx, {
    actor: { type: "automation", id: held.run.ruleId.toHexString(), name: version.name },
    causation: held.run.causation,
    runId,
  });
  try {
    return await walk(acting, held, version.definition, options);
  } catch (error) {
    await releaseRun(ctx, held);
    throw error;
  }
}

async function walk(
  ctx: TenantContext,
  held: HeldRun,
  definition: RuleDefinition,
  options: { from: "job" | "dispatch"; lastTry: boolean },
): Promise<Advance> {
  for (;;) {
    const step = definition.steps.find((each) => each.id === held.run.cursor.stepId);
    if (!step) return ended(await endRun(ctx, held, { status: "completed", exitReason: null }));
    const scope = await scopeOf(ctx, held.run);
    if (!scope.lead) return ended(await endRun(ctx, held, { status: "exited", exitReason: "lead_gone" }));

    if (isExit(step)) {
      return ended(await endRun(ctx, held, { status: "completed", exitReason: step.reason ?? null }));
    }
    if (isDelay(step)) {
      const waited = await passDelay(ctx, held, definition, step, scope);
      if (waited) return waited;
      continue;
    }
    const action = actions.find((each) => each.type === step.type);
    if (action?.mode === "job" && options.from === "dispatch") {
      await releaseRun(ctx, held);
      await enqueueAdvance(ctx, held.run._id.toHexString(), step.id);
      return { kind: "queued" };
    }
    const outcome = await performStep(ctx, held, step, scope, options.lastTry);
    if (outcome.kind === "stop") {
      return ended(
        await endRun(ctx, held, {
          status: "failed",
          exitReason: outcome.code,
          error: { code: outcome.code, detail: outcome.detail, stepId: step.id },
        }),
      );
    }
    await moveRun(ctx, held, {
      stepId: following(definition, step.id, 1),
      vars: { ...held.run.vars, [step.id]: { output: outcome.output } },
    });
  }
}

/** @returns the wait, or undefined when the delay is over and the run stands on a later step. */
async function passDelay(
  ctx: TenantContext,
  held: HeldRun,
  definition: RuleDefinition,
  step: Extract<Step, { type: "delay" }>,
  scope: RuleScope,
): Promise<Advance | undefined> {
  if (held.run.wait?.until) {
    if (held.run.wait.until.getTime() > ctx.now().getTime())
      return wait(ctx, held, step.id, held.run.wait.until);
    await moveRun(ctx, held, { stepId: following(definition, step.id, 1) });
    return undefined;
  }
  const plan = await planOrFail(ctx, held, step, scope);
  if (plan.kind === "failed") return plan.advance;
  if (plan.kind === "wait") return wait(ctx, held, step.id, plan.until);
  if (plan.kind === "exit")
    return ended(await endRun(ctx, held, { status: "exited", exitReason: "past_due" }));
  await moveRun(ctx, held, { stepId: following(definition, step.id, plan.kind === "skip_next" ? 2 : 1) });
  return undefined;
}

async function planOrFail(
  ctx: TenantContext,
  held: HeldRun,
  step: Extract<Step, { type: "delay" }>,
  scope: RuleScope,
): Promise<Awaited<ReturnType<typeof planDelay>> | { kind: "failed"; advance: Advance }> {
  try {
    return await planDelay(step, scope, ctx.now());
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const failure = { code: error.code, detail: error.detail, stepId: step.id };
    const advance = ended(
      await endRun(ctx, held, { status: "failed", exitReason: error.code, error: failure }),
    );
    return { kind: "failed", advance };
  }
}

/**
 * The truth is the run's `dueAt`, and the job is its alarm clock. The run is let go when the alarm is set: one that
 * still looks held after its lock ran out has none, and the sweep sets it.
 */
async function wait(ctx: TenantContext, held: HeldRun, stepId: string, until: Date): Promise<Advance> {
  await moveRun(ctx, held, { stepId, wait: { kind: "delay", until, events: [] } });
  try {
    const alarm = await enqueueAdvance(ctx, held.run._id.toHexString(), stepId, until);
    await releaseRun(ctx, held);
    return alarm.state === "running" ? { kind: "early", until } : { kind: "waiting", until };
  } catch (error) {
    ctx.logger.error("The alarm of a waiting run could not be set; the tenant sweep sets it.", {}, error);
    return { kind: "waiting", until };
  }
}

/** Asks the queue to go on with the run at `runAt`, or at once. Keyed by the step: one alarm per wait. */
export async function enqueueAdvance(
  ctx: TenantContext,
  runId: string,
  stepId: string,
  runAt?: Date,
): Promise<Enqueued> {
  return enqueue({
    type: "automation.run",
    payload: { clientCode: ctx.clientCode, runId },
    requestId: ctx.requestId,
    key: `${runId}:${stepId}`,
    ...(runAt === undefined ? {} : { runAt }),
  });
}

async function scopeOf(ctx: TenantContext, run: AutomationRunRecord): Promise<RuleScope> {
  const scope = await readScope(ctx, {
    id: run.triggerEvent.id,
    type: run.triggerEvent.type,
    data: run.triggerEvent.data,
    occurredAt: run.triggerEvent.occurredAt.toISOString(),
    subject: { ...run.triggerEvent.subject, leadId: run.leadId.toHexString() },
  });
  return { ...scope, steps: run.vars };
}

function following(definition: RuleDefinition, stepId: string, places: number): string | null {
  const index = definition.steps.findIndex((step) => step.id === stepId);
  return definition.steps[index + places]?.id ?? null;
}

const ended = (status: AutomationRunRecord["status"]): Advance => ({ kind: "ended", status });

const isExit = (step: Step): step is Extract<Step, { type: "exit" }> => step.type === "exit";
const isDelay = (step: Step): step is Extract<Step, { type: "delay" }> => step.type === "delay";
