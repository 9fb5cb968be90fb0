/** Where a run comes to rest: it waits for its alarm, or it is over. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { AutomationRunRecord, RunWait } from "../../../model/saas/automation.run.schema";
import { enqueueAdvance } from "./alarm";
import { endRun, type HeldRun, releaseRun } from "./run.lock";

/** How far a run went. */
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

/**
 * The truth is the run's `dueAt`, and the job is its alarm clock. The run is let go when the alarm is set: one that
 * still looks held after its lock ran out has none, and the sweep sets it.
 */
export async function standStill(ctx: TenantContext, held: HeldRun, { until }: RunWait): Promise<Advance> {
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

/** @returns the status it ended with. */
export async function end(
  ctx: TenantContext,
  held: HeldRun,
  status: AutomationRunRecord["status"],
  exitReason: string | null,
): Promise<Advance> {
  return { kind: "ended", status: await endRun(ctx, held, { status, exitReason }) };
}

/** Ends the run as failed at the step it stands on. */
export async function fail(
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
