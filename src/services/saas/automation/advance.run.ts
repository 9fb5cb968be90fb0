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
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { enqueueAdvance } from "./alarm";
import { hearMissed } from "./hear.events";
import { withTurn } from "./lead.turn";
import { versionOf } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";
import { type HeldRun, heldUntil, holdRun, RunLostError, releaseRun, settleRun } from "./run.lock";
import { goneReason } from "./run.path";
import { type Advance, end, fail, standStill } from "./run.rest";
import { type RuleScope, readScope } from "./scope";
import { controlSteps } from "./steps";
import { type AdvanceOptions, act, decide } from "./take.step";

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
