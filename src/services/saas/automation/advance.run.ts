/**
 * Takes a run as far as it goes: step after step, until it waits, ends, or reaches a step that belongs to the queue.
 * Every move is conditional on the run's lock, and every effect on its key, so that whoever comes second, after a
 * crash or beside us, changes nothing.
 */
import { randomUUID } from "node:crypto";
import { Types } from "mongoose";
import { actingFor } from "../../../lib/context/create.context";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { markTenantActive } from "../../../lib/tenant/mark.active";
import type { AutomationRunRecord, RunWait } from "../../../model/saas/automation.run.schema";
import { actions } from "./actions";
import { enqueueAdvance } from "./alarm";
import { hearMissed } from "./hear.events";
import { withTurn } from "./lead.turn";
import { maySend } from "./may.send";
import { versionOf } from "./published.rules";
import type { RuleDefinition, Step } from "./rule.contract";
import {
  endRun,
  goAhead,
  type HeldRun,
  heldUntil,
  holdRun,
  moveRun,
  RunLostError,
  releaseRun,
  settleRun,
} from "./run.lock";
import { following, goneReason, targetOf } from "./run.path";
import { type RuleScope, readScope } from "./scope";
import { describeFailure, performStep, withOutput } from "./step.effect";
import { effectKeyOf } from "./step.log";
import { controlSteps } from "./steps";
import type { Move, RunnableControl } from "./steps/control.step";

export type Advance =
  | { kind: "ended"; status: AutomationRunRecord["status"] }
  | { kind: "waiting"; until: Date | null }
  /** It waits, and its alarm is the very job that asks: that came early by some clock, so it has to come again. */
  | { kind: "early"; until: Date }
  | { kind: "queued" }
  /** Somebody holds the run or another one of its lead, or died holding it. */
  | { kind: "held"; until: Date }
  /** It is over. */
  | { kind: "not_ours" };

export interface AdvanceOptions {
  /** `job` when the queue calls, which may do what reaches outside; `dispatch` right after the event. */
  readonly from: "job" | "dispatch";
  /** Whether a failure of this step now is its last. */
  lastTry(step: Step): boolean;
  /** Of a job that failed before: the next step that belongs to the queue gets a job, and tries, of its own. */
  readonly retried?: boolean;
}

/**
 * @throws StepFailedInPassing when a step is worth another try; the run is released and the job tries again. At its
 * last try such a failure ends the run (or the step, by its onError) instead.
 * @throws RunLostError when an event ended the run, or somebody else has it.
 */
export async function advanceRun(
  ctx: TenantContext,
  runId: string,
  options: AdvanceOptions,
): Promise<Advance> {
  // The moves of a run are no changes of the tenant's that mark it: from here on the sweep finds what a crash leaves.
  await markTenantActive(ctx.clientCode);
  const held = await holdRun(ctx, new Types.ObjectId(runId), randomUUID());
  if (!held) {
    const until = await heldUntil(ctx, new Types.ObjectId(runId));
    return until ? { kind: "held", until } : { kind: "not_ours" };
  }
  return withTurn(held.run.leadId.toHexString(), async () => {
    try {
      return await proceed(ctx, held, options);
    } catch (error) {
      await releaseRun(ctx, held);
      throw error;
    }
  });
}

async function proceed(ctx: TenantContext, held: HeldRun, options: AdvanceOptions): Promise<Advance> {
  const version = await versionOf(ctx, held.run.ruleId, held.run.ruleVersion);
  if (!version) return end(ctx, held, "cancelled", "rule_deleted");
  if (!version.definition) {
    const detail = "This version of the rule cannot be read by this release. Publish it again.";
    return fail(ctx, held, { code: "invalid-rule", detail });
  }
  const acting = actingFor(ctx, {
    actor: { type: "automation", id: held.run.ruleId.toHexString(), name: version.name },
    causation: held.run.causation,
    runId: held.run._id.toHexString(),
  });
  return walk(acting, held, version.definition, options);
}

async function walk(
  ctx: TenantContext,
  held: HeldRun,
  definition: RuleDefinition,
  options: AdvanceOptions,
): Promise<Advance> {
  const begunAt = held.run.cursor.stepId;
  // Steps that touch nothing see what the step before them saw.
  let seen: RuleScope | undefined;
  let isFresh = false;
  for (;;) {
    const { wait } = held.run;
    if (wait && (wait.until === null || wait.until.getTime() > ctx.now().getTime()))
      return standStill(ctx, held, wait);
    const step = definition.steps.find((each) => each.id === held.run.cursor.stepId);
    if (!step) return end(ctx, held, "completed", null);
    if (await hearBefore(ctx, held)) {
      seen = undefined;
      continue;
    }
    const control = controlSteps.find(({ type }) => type === step.type);
    if (!seen || (!isFresh && !control?.blind)) seen = await scopeOf(ctx, held.run);
    isFresh = control !== undefined;
    const scope = { ...seen, steps: held.run.vars, vars: held.run.values };
    const gone = goneReason(scope, held.run);
    if (gone) return end(ctx, held, "exited", gone);
    const advance = control
      ? await decide(ctx, held, definition, step, control, scope)
      : await act(ctx, held, definition, step, scope, { ...options, begunAt });
    if (advance) return advance;
  }
}

/**
 * An event that the run missed counts before the next step, whoever died dispatching it or the run's own trigger.
 * @returns whether the run knows more than before.
 * @throws RunLostError when it did something else to the run.
 */
async function hearBefore(ctx: TenantContext, held: HeldRun): Promise<boolean> {
  if (held.run.listens.length === 0) return false;
  await settleRun(ctx, held);
  const effect = await hearMissed(ctx, held.run);
  if (effect === "told") held.run = await rereadRun(ctx, held.run);
  if (effect === "goes_on") await enqueueAdvance(ctx, await rereadRun(ctx, held.run));
  if (effect === "goes_on" || effect === "ended") throw new RunLostError("An event changed this run.");
  return effect === "told";
}

/** @returns where the run stays, or undefined when it stands on a later step. */
async function decide(
  ctx: TenantContext,
  held: HeldRun,
  definition: RuleDefinition,
  step: Step,
  control: RunnableControl,
  scope: RuleScope,
): Promise<Advance | undefined> {
  const input = { run: held.run, stepId: step.id, scope, now: ctx.now() };
  const waited = held.run.wait?.kind === "delay" || held.run.wait?.kind === "event";
  let move: Move;
  try {
    move = waited ? await control.resume(step, input) : await control.enter(step, input);
  } catch (error) {
    const { code, detail } = describeFailure(error);
    if (code === "internal-error") throw error;
    held.notes.push({ step, note: { status: "failed", reason: detail } });
    return fail(ctx, held, { code, detail });
  }
  const log = {
    output: { ...move.output },
    trace: (move.trace ?? []).map((line) => ({ ...line })),
    reason: move.reason ?? null,
  };
  if (move.kind === "wait") {
    held.notes.push({ step, note: { ...log, status: "running", scheduledFor: move.wait.until } });
    await moveRun(ctx, held, { stepId: step.id, wait: move.wait });
    return standStill(ctx, held, move.wait);
  }
  held.notes.push({ step, note: { ...log, status: "succeeded" } });
  if (move.kind === "end") return end(ctx, held, move.status, move.exitReason);
  goAhead(ctx, held, {
    stepId: targetOf(definition, step, move),
    vars: withOutput(held.run, step, log.output),
    values: { ...held.run.values, ...move.values },
  });
  return undefined;
}

/** @returns where the run stays, or undefined when it stands on a later step. */
async function act(
  ctx: TenantContext,
  held: HeldRun,
  definition: RuleDefinition,
  step: Step,
  scope: RuleScope,
  options: AdvanceOptions & { begunAt: string | null },
): Promise<Advance | undefined> {
  const action = actions.find((each) => each.type === step.type);
  const next = following(definition, step, 1);
  if (action?.sends) {
    const may = await maySend(ctx, held.run, definition, step, effectKeyOf(held.run, step.id));
    if (may.kind === "skip") {
      held.notes.push({ step, note: { status: "skipped", reason: may.reason } });
      goAhead(ctx, held, {
        stepId: next,
        vars: withOutput(held.run, step, { skipped: true, code: may.reason }),
      });
      return undefined;
    }
    if (may.kind === "wait") {
      const wait: RunWait = { kind: may.for, until: may.until, events: [], reason: may.reason };
      const note = { status: "running", reason: may.reason, scheduledFor: may.until } as const;
      held.notes.push({ step, note });
      await moveRun(ctx, held, { stepId: step.id, wait });
      return standStill(ctx, held, wait);
    }
  }
  if (action?.mode === "job" && belongsToAnother(step, options)) {
    await releaseRun(ctx, held);
    await enqueueAdvance(ctx, held.run);
    return { kind: "queued" };
  }
  const outcome = await performStep(ctx, { held, step, scope, next, lastTry: options.lastTry(step) });
  if (outcome.kind === "moved") return undefined;
  if (outcome.kind === "stop") return fail(ctx, held, outcome);
  const stepId = outcome.kind === "goto" ? outcome.stepId : next;
  await moveRun(ctx, held, { stepId, vars: withOutput(held.run, step, outcome.output) });
  return undefined;
}

/** A step that reaches outside is a job's; one that follows in a job that failed before gets its own, with its own tries. */
function belongsToAnother(step: Step, options: AdvanceOptions & { begunAt: string | null }): boolean {
  return options.from === "dispatch" || (options.retried === true && step.id !== options.begunAt);
}

/**
 * The truth is the run's `dueAt`, and the job is its alarm clock. The run is let go when the alarm is set: one that
 * still looks held after its lock ran out has none, and the sweep sets it.
 */
async function standStill(ctx: TenantContext, held: HeldRun, { until }: RunWait): Promise<Advance> {
  if (until === null) {
    await releaseRun(ctx, held);
    return { kind: "waiting", until };
  }
  try {
    const alarm = await enqueueAdvance(ctx, held.run, until);
    await releaseRun(ctx, held);
    return alarm.state === "running" ? { kind: "early", until } : { kind: "waiting", until };
  } catch (error) {
    ctx.logger.error("The alarm of a waiting run could not be set; the tenant sweep sets it.", {}, error);
    return { kind: "waiting", until };
  }
}

async function rereadRun(ctx: TenantContext, run: AutomationRunRecord): Promise<AutomationRunRecord> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  return (await AutomationRun.findById(run._id).lean()) ?? run;
}

async function scopeOf(ctx: TenantContext, run: AutomationRunRecord): Promise<RuleScope> {
  const { id, type, data, occurredAt, subject } = run.triggerEvent;
  return readScope(ctx, {
    id,
    type,
    data,
    occurredAt: occurredAt.toISOString(),
    subject: { ...subject, leadId: run.leadId.toHexString() },
  });
}

async function end(
  ctx: TenantContext,
  held: HeldRun,
  status: AutomationRunRecord["status"],
  exitReason: string | null,
): Promise<Advance> {
  return { kind: "ended", status: await endRun(ctx, held, { status, exitReason }) };
}

async function fail(
  ctx: TenantContext,
  held: HeldRun,
  why: { code: string; detail: string },
): Promise<Advance> {
  const error = { code: why.code, detail: why.detail, stepId: held.run.cursor.stepId };
  return {
    kind: "ended",
    status: await endRun(ctx, held, { status: "failed", exitReason: why.code, error }),
  };
}
