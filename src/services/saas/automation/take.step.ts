/** Takes one step of a held run: a control step decides where the run goes, an action acts. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { RunWait } from "../../../model/saas/automation.run.schema";
import { actions } from "./actions";
import { enqueueAdvance } from "./alarm";
import { maySend } from "./may.send";
import type { RuleDefinition, Step } from "./rule.contract";
import { goAhead, type HeldRun, moveRun, releaseRun } from "./run.lock";
import { following, targetOf } from "./run.path";
import { type Advance, end, fail, standStill } from "./run.rest";
import type { RuleScope } from "./scope";
import { describeFailure, performStep, withOutput } from "./step.effect";
import { effectKeyOf } from "./step.log";
import type { Move, RunnableControl } from "./steps/control.step";

export interface AdvanceOptions {
  /** `job` when the queue calls, which may do what reaches outside; `dispatch` right after the event. */
  readonly from: "job" | "dispatch";
  /** Whether a failure of this step now is its last. */
  lastTry(step: Step): boolean;
  /** Of a job that failed before: the next step that belongs to the queue gets a job, and tries, of its own. */
  readonly retried?: boolean;
}

/** A control step. @returns where the run stays, or undefined when it stands on a later step. */
export async function decide(
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

/** An action. @returns where the run stays, or undefined when it stands on a later step. */
export async function act(
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
