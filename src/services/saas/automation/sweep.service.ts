import { trusted } from "mongoose";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { toCrmEvent } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { leftBehindAfterMs } from "../../../lib/tenant/mark.active";
import { enqueueAdvances } from "./alarm";
import { dispatchEvents } from "./dispatch.events";

const batch = 500;

/** Dispatches events whose process died, or whose dispatch failed, after their commit. In the order of the log. */
export async function sweepUndispatchedEvents(ctx: TenantContext): Promise<{ taken: number }> {
  const { Outbox } = await getCrmModels(ctx.clientCode);
  const rows = await Outbox.find({
    dispatchedAt: null,
    createdAt: trusted({ $lt: new Date(ctx.now().getTime() - leftBehindAfterMs) }),
  })
    .sort({ createdAt: 1 })
    .limit(batch)
    .lean();
  const events = rows.map(toCrmEvent).sort((left, right) => left.seq - right.seq);
  const failures: unknown[] = [];
  for (const event of events) {
    // One by one, so that an event that cannot be dispatched holds back none of the others.
    try {
      await dispatchEvents(ctx, [event]);
    } catch (error) {
      failures.push(error);
      ctx.logger.error(
        "An event could not be dispatched; the next sweep tries again.",
        { eventId: event.id },
        error,
      );
    }
  }
  if (failures.length > 0)
    throw new AggregateError(
      failures,
      `${failures.length} of ${events.length} events could not be dispatched.`,
    );
  return { taken: events.length };
}

/**
 * Gives a job to every run that is due and that nobody holds: its alarm was lost. And to every run whose holder died,
 * also when its time is to come: it may have died before it set the alarm.
 */
export async function sweepDueRuns(ctx: TenantContext): Promise<{ taken: number }> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const overdue = await AutomationRun.find({
    status: trusted({ $in: [...livingStatuses] }),
    dueAt: trusted({ $lt: new Date(now.getTime() - leftBehindAfterMs) }),
    $or: [{ lock: null }, { "lock.until": trusted({ $lt: now }) }],
  })
    .sort({ dueAt: 1 })
    .limit(batch)
    .select({ cursor: 1 })
    .lean();
  // Held runs are `active`, which few are at a time; another run of the lead may have taken the dead holder's turn.
  const abandoned = await AutomationRun.find({
    status: "active",
    dueAt: trusted({ $gt: now }),
    $or: [{ lock: null }, { "lock.until": trusted({ $lt: now }) }],
  })
    .limit(batch)
    .select({ cursor: 1, wait: 1 })
    .lean();
  await enqueueAdvances(ctx, overdue);
  await enqueueAdvances(
    ctx,
    abandoned.map((run) => ({ ...run, at: run.wait?.until ?? now })),
  );
  return { taken: overdue.length + abandoned.length };
}
