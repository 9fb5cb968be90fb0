/** The moves of a run. One holder at a time; a holder that died is replaced when its lock runs out. */
import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";

/** A step takes seconds. Shorter than what sweeps wait, so that they find the lock of the dead run out. */
const lockMs = 30_000;

export interface HeldRun {
  /** As of the last move. */
  run: AutomationRunRecord;
  readonly owner: string;
}

/** Thrown when the run was taken from us (our lock ran out, or an event ended it): whoever has it goes on. */
export class RunLostError extends Error {
  override readonly name = "RunLostError";
}

/** Until when somebody may hold a run that could not be had. @returns undefined when it is over. */
export async function heldUntil(ctx: TenantContext, runId: Types.ObjectId): Promise<Date | undefined> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const run = await AutomationRun.findById(runId).select({ lock: 1, status: 1 }).lean();
  if (run?.status !== "active" && run?.status !== "waiting") return undefined;
  return run.lock?.until ?? ctx.now();
}

/** @returns undefined when the run is over or somebody holds it. */
export async function holdRun(
  ctx: TenantContext,
  runId: Types.ObjectId,
  owner: string,
): Promise<HeldRun | undefined> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const run = await AutomationRun.findOneAndUpdate(
    {
      _id: runId,
      status: trusted({ $in: ["active", "waiting"] }),
      $or: [{ lock: null }, { "lock.until": trusted({ $lt: now }) }],
    },
    { $set: { lock: { owner, until: new Date(now.getTime() + lockMs) }, status: "active", updatedAt: now } },
    { returnDocument: "after" },
  ).lean();
  return run ? { run, owner } : undefined;
}

/**
 * Puts the cursor on a step, with or without a wait, and renews the lock.
 * @throws RunLostError when the run is no longer ours.
 */
export async function moveRun(
  ctx: TenantContext,
  held: HeldRun,
  to: { stepId: string | null; wait?: AutomationRunRecord["wait"]; vars?: Record<string, unknown> },
): Promise<void> {
  const now = ctx.now();
  await write(ctx, held, {
    cursor: { stepId: to.stepId, iteration: held.run.cursor.iteration },
    wait: to.wait ?? null,
    dueAt: to.wait?.until ?? now,
    vars: to.vars ?? held.run.vars,
    lock: { owner: held.owner, until: new Date(now.getTime() + lockMs) },
  });
}

/** Lets the run go, so that a job can take it up. A run that we lost already is left alone. */
export async function releaseRun(ctx: TenantContext, held: HeldRun): Promise<void> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  await AutomationRun.updateOne(
    { _id: held.run._id, "lock.owner": held.owner },
    { $set: { lock: null, status: held.run.wait ? "waiting" : "active", updatedAt: ctx.now() } },
  );
}

/** Ends the run. @throws RunLostError when it is no longer ours. */
export async function endRun(
  ctx: TenantContext,
  held: HeldRun,
  end: Pick<AutomationRunRecord, "status" | "exitReason"> & { error?: AutomationRunRecord["error"] },
): Promise<AutomationRunRecord["status"]> {
  await write(ctx, held, {
    ...end,
    error: end.error ?? null,
    wait: null,
    dueAt: null,
    concurrencyKey: null,
    lock: null,
    endedAt: ctx.now(),
  });
  return end.status;
}

async function write(ctx: TenantContext, held: HeldRun, change: Partial<AutomationRunRecord>): Promise<void> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const run = await AutomationRun.findOneAndUpdate(
    { _id: held.run._id, "lock.owner": held.owner },
    { $set: { ...change, updatedAt: ctx.now() }, $inc: { version: 1 } },
    { returnDocument: "after" },
  ).lean();
  if (!run) throw new RunLostError("This run went on elsewhere.");
  held.run = run;
}
