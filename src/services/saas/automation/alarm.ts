import { type Enqueued, enqueue, enqueueMany } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { alarmKey } from "./end.runs";

type Alarmed = Pick<AutomationRunRecord, "_id" | "cursor">;

/** Asks the queue to go on with the run at `runAt`, or at once. Keyed by the step: one alarm per wait. */
export async function enqueueAdvance(ctx: TenantContext, run: Alarmed, runAt?: Date): Promise<Enqueued> {
  return enqueue(alarmOf(ctx, run, runAt));
}

/** The same for many runs. */
export async function enqueueAdvances(
  ctx: TenantContext,
  runs: readonly (Alarmed & { readonly at?: Date | null })[],
): Promise<void> {
  await enqueueMany(runs.map((run) => alarmOf(ctx, run, run.at ?? undefined)));
}

function alarmOf(ctx: TenantContext, { _id, cursor }: Alarmed, runAt?: Date) {
  return {
    type: "automation.run" as const,
    payload: { clientCode: ctx.clientCode, runId: _id.toHexString() },
    requestId: ctx.requestId,
    key: alarmKey(_id.toHexString(), cursor),
    ...(runAt === undefined ? {} : { runAt }),
  };
}
