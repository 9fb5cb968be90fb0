/**
 * The moves of a run. One holder at a time, and one held run of a lead at a time (a unique index); a holder that died
 * is replaced when its lock runs out.
 */
import { type ClientSession, type Types, trusted } from "mongoose";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import type { Change } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord, RunWait } from "../../../model/saas/automation.run.schema";
import { endedFields } from "./end.runs";
import { type PendingNote, writeNotes } from "./step.log";

/** A step takes seconds. Shorter than what sweeps wait, so that they find the lock of the dead run out. */
const lockMs = 30_000;

export interface HeldRun {
  /** As of the last move, stored or ahead of it. */
  run: AutomationRunRecord;
  readonly owner: string;
  /** The run took steps that touch nothing, and nothing of them is stored yet: after a crash it takes them again. */
  isAhead: boolean;
  /** How they went: written with the next move that is stored. */
  notes: PendingNote[];
}

/** Where a run goes, and what it takes along. */
export interface RunMove {
  readonly stepId: string | null;
  readonly wait?: RunWait;
  readonly vars?: Record<string, unknown>;
  readonly values?: Record<string, unknown>;
}

/** Thrown when the run was taken from us (our lock ran out, or an event ended it): whoever has it goes on. */
export class RunLostError extends Error {
  override readonly name = "RunLostError";
}

/** Until when somebody may hold a run, or another one of its lead. @returns undefined when it is over. */
export async function heldUntil(ctx: TenantContext, runId: Types.ObjectId): Promise<Date | undefined> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const run = await AutomationRun.findById(runId).select({ lock: 1, status: 1, leadId: 1 }).lean();
  if (!run || !livingStatuses.some((status) => status === run.status)) return undefined;
  const holder = await AutomationRun.findOne({ leadId: run.leadId, held: true }).select({ lock: 1 }).lean();
  return holder?.lock?.until ?? ctx.now();
}

/** @returns undefined when the run is over, or somebody holds it or another run of its lead. */
export async function holdRun(
  ctx: TenantContext,
  runId: Types.ObjectId,
  owner: string,
): Promise<HeldRun | undefined> {
  try {
    return await tryHold(ctx, runId, owner);
  } catch (error) {
    if (!isDuplicateKey(error, "turn")) throw error;
  }
  if (!(await freeDeadTurn(ctx, runId))) return undefined;
  try {
    return await tryHold(ctx, runId, owner);
  } catch (error) {
    if (!isDuplicateKey(error, "turn")) throw error;
    return undefined;
  }
}

async function tryHold(
  ctx: TenantContext,
  runId: Types.ObjectId,
  owner: string,
): Promise<HeldRun | undefined> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const lock = { owner, until: new Date(now.getTime() + lockMs) };
  const run = await AutomationRun.findOneAndUpdate(
    {
      _id: runId,
      status: trusted({ $in: [...livingStatuses] }),
      $or: [{ lock: null }, { "lock.until": trusted({ $lt: now }) }],
    },
    { $set: { lock, held: true, status: "active", updatedAt: now } },
    { returnDocument: "after" },
  ).lean();
  return run ? { run, owner, isAhead: false, notes: [] } : undefined;
}

/** Takes the lead's turn from a holder whose lock ran out. @returns whether there was one. */
async function freeDeadTurn(ctx: TenantContext, runId: Types.ObjectId): Promise<boolean> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const run = await AutomationRun.findById(runId).select({ leadId: 1 }).lean();
  if (!run) return false;
  const { modifiedCount } = await AutomationRun.updateOne(
    { leadId: run.leadId, held: true, "lock.until": trusted({ $lt: ctx.now() }) },
    { $set: { lock: null, held: false } },
  );
  return modifiedCount === 1;
}

/** Takes the run past a step that touches nothing. */
export function goAhead(ctx: TenantContext, held: HeldRun, to: RunMove): void {
  held.run = { ...held.run, ...placeAt(ctx, held, to) };
  held.isAhead = true;
}

/**
 * Stores where the run stands, so that what comes next begins there, and sees that it is still ours.
 * @throws RunLostError when the run is no longer ours.
 */
export async function settleRun(ctx: TenantContext, held: HeldRun): Promise<void> {
  if (held.isAhead) await write(ctx, held, lockUntil(ctx, held));
}

/**
 * Puts the cursor on a step, with or without a wait, and renews the lock.
 * @throws RunLostError when the run is no longer ours.
 */
export async function moveRun(ctx: TenantContext, held: HeldRun, to: RunMove): Promise<void> {
  await write(ctx, held, { ...placeAt(ctx, held, to), ...lockUntil(ctx, held) });
}

/**
 * The same as part of a change: the notes, and the move. The held run stays as it was until the change is committed.
 * @returns the run as it is then.
 * @throws RunLostError; the driver's duplicate key error (effect) when a step with an effect in this change is done
 */
export async function moveRunInChange(
  ctx: TenantContext,
  { session }: Change,
  held: HeldRun,
  to: RunMove,
  notes: readonly PendingNote[],
): Promise<AutomationRunRecord> {
  await writeNotes(ctx, held.run, notes, session);
  return update(ctx, held, { ...placeAt(ctx, held, to), ...lockUntil(ctx, held) }, session);
}

/** Lets the run go, so that a job can take it up. A run that we lost already is left alone. */
export async function releaseRun(ctx: TenantContext, held: HeldRun): Promise<void> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const { wait } = held.run;
  const status = wait === null ? "active" : wait.kind === "start" ? "queued" : "waiting";
  await writeNotes(ctx, held.run, held.notes);
  held.notes = [];
  await AutomationRun.updateOne(
    { _id: held.run._id, "lock.owner": held.owner },
    { $set: { ...ahead(held), lock: null, held: false, status, updatedAt: ctx.now() } },
  );
}

/** Ends the run. @throws RunLostError when it is no longer ours. */
export async function endRun(
  ctx: TenantContext,
  held: HeldRun,
  end: Pick<AutomationRunRecord, "status" | "exitReason"> & { error?: AutomationRunRecord["error"] },
): Promise<AutomationRunRecord["status"]> {
  const { error, ...rest } = end;
  await write(ctx, held, { ...endedFields(rest, ctx.now()), error: error ?? null });
  return end.status;
}

function placeAt(ctx: TenantContext, held: HeldRun, to: RunMove) {
  return {
    cursor: { stepId: to.stepId, iteration: held.run.cursor.iteration },
    wait: to.wait ?? null,
    dueAt: to.wait ? to.wait.until : ctx.now(),
    vars: to.vars ?? held.run.vars,
    values: to.values ?? held.run.values,
  };
}

const lockUntil = (ctx: TenantContext, { owner }: HeldRun) => ({
  lock: { owner, until: new Date(ctx.now().getTime() + lockMs) },
});

/** What of the run is not stored yet. */
function ahead({ isAhead, run: { cursor, wait, dueAt, vars, values } }: HeldRun) {
  return isAhead ? { cursor, wait, dueAt, vars, values } : {};
}

/** First how the steps went, then where the run stands: a crash in between has them taken again. */
async function write(ctx: TenantContext, held: HeldRun, change: Partial<AutomationRunRecord>): Promise<void> {
  await writeNotes(ctx, held.run, held.notes);
  held.notes = [];
  held.run = await update(ctx, held, { ...ahead(held), ...change });
  held.isAhead = false;
}

async function update(
  ctx: TenantContext,
  held: HeldRun,
  change: Partial<AutomationRunRecord>,
  session?: ClientSession,
): Promise<AutomationRunRecord> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const run = await AutomationRun.findOneAndUpdate(
    { _id: held.run._id, "lock.owner": held.owner },
    { $set: { ...change, updatedAt: ctx.now() }, $inc: { version: 1 } },
    { returnDocument: "after", ...(session ? { session } : {}) },
  ).lean();
  if (!run) throw new RunLostError("This run went on elsewhere.");
  return run;
}
