import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { toCrmEvent } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { enqueueAdvance } from "./advance.run";
import { dispatchEvents } from "./dispatch.events";

/** Younger ones are probably being worked on right now. */
const undispatchedAfterMs = 30_000;
const overdueAfterMs = 60_000;
const batch = 500;

/** Dispatches events whose process died, or whose dispatch failed, after their commit. In the order of the log. */
export async function sweepUndispatchedEvents(ctx: TenantContext): Promise<{ taken: number }> {
  const { Outbox } = await getCrmModels(ctx.clientCode);
  const rows = await Outbox.find({
    dispatchedAt: null,
    createdAt: trusted({ $lt: new Date(ctx.now().getTime() - undispatchedAfterMs) }),
  })
    .sort({ createdAt: 1 })
    .limit(batch)
    .lean();
  const events = rows.map(toCrmEvent).sort((left, right) => left.seq - right.seq);
  // One by one, so that an event that cannot be dispatched holds back none of the others' marks.
  for (const event of events) await dispatchEvents(ctx, [event]);
  return { taken: events.length };
}

/** Gives a job to every run that is due and that nobody holds: its alarm was lost, or its holder died. */
export async function sweepDueRuns(ctx: TenantContext): Promise<{ taken: number }> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const runs = await AutomationRun.find({
    status: trusted({ $in: ["active", "waiting"] }),
    dueAt: trusted({ $lt: new Date(now.getTime() - overdueAfterMs) }),
    $or: [{ lock: null }, { "lock.until": trusted({ $lt: now }) }],
  })
    .sort({ dueAt: 1 })
    .limit(batch)
    .select({ cursor: 1 })
    .lean();
  for (const run of runs) await enqueueAdvance(ctx, run._id.toHexString(), run.cursor.stepId ?? "end");
  return { taken: runs.length };
}
