/** Taking runs further at once, outside the queue or in one job for many; what cannot go on here gets a job of its own. */
import { Types, trusted } from "mongoose";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import { enqueueMany } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { advanceRun } from "./advance.run";
import { enqueueAdvance } from "./alarm";
import { inTurnOf } from "./lead.turn";
import { RunLostError } from "./run.lock";

/** Runs of one job: few enough that it is short, and that other tenants' jobs come in between. */
const perJob = 20;

/** Of these side by side, so many. */
const side = 4;

/** Takes a run further at once, or behind the step of its lead that caused it. */
export async function goOn(
  ctx: TenantContext,
  run: Pick<AutomationRunRecord, "_id" | "leadId" | "cursor">,
): Promise<void> {
  await inTurnOf(run.leadId.toHexString(), async () => {
    try {
      const advance = await advanceRun(ctx, run._id.toHexString(), {
        from: "dispatch",
        lastTry: () => false,
      });
      // Another run of the lead is on its way in some other process.
      if (advance.kind === "held") await enqueueAdvance(ctx, run);
    } catch (error) {
      if (error instanceof RunLostError) return;
      // The run stands where it stood; the queue goes on with it and counts the tries.
      const ids = { runId: run._id.toHexString() };
      ctx.logger.warn("A run could not go on at once; the queue takes it up.", ids, error);
      await enqueueAdvance(ctx, run);
    }
  });
}

/**
 * Has the queue begin runs of one crowd, some of them in each job. Those that wait for their place among the tenant's
 * starts begin with the last of their job.
 */
export async function enqueueBeginnings(
  ctx: TenantContext,
  runs: readonly AutomationRunRecord[],
): Promise<void> {
  const jobs = [
    ...inParts(runs.filter(({ status }) => status !== "queued")).map((some) => beginningOf(ctx, some)),
    ...inParts(runs.filter(({ status }) => status === "queued")).map((some) => ({
      ...beginningOf(ctx, some),
      runAt: new Date(Math.max(...some.map(({ dueAt }) => dueAt?.getTime() ?? 0))),
    })),
  ];
  if (jobs.length > 0) await enqueueMany(jobs);
}

const inParts = <T>(list: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(list.length / perJob) }, (_, part) =>
    list.slice(part * perJob, (part + 1) * perJob),
  );

function beginningOf(ctx: TenantContext, runs: readonly AutomationRunRecord[]) {
  return {
    type: "automation.begin" as const,
    payload: { clientCode: ctx.clientCode, runIds: runs.map(({ _id }) => _id.toHexString()) },
    requestId: ctx.requestId,
  };
}

/**
 * Takes runs as far as they go without the queue. Those that are over, or went on elsewhere, are left alone.
 * @param signal stops before the next run; whoever does this again begins the rest
 */
export async function beginRuns(
  ctx: TenantContext,
  runIds: readonly string[],
  signal: AbortSignal,
): Promise<{ begun: number }> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const runs = await AutomationRun.find({
    _id: trusted({ $in: runIds.map((id) => new Types.ObjectId(id)) }),
    status: trusted({ $in: [...livingStatuses] }),
  })
    .sort({ _id: 1 })
    .select({ leadId: 1, cursor: 1 })
    .lean();
  const begun = runs.length;
  await Promise.all(
    Array.from({ length: Math.min(side, runs.length) }, async () => {
      for (let run = runs.shift(); run; run = runs.shift()) {
        signal.throwIfAborted();
        await goOn(ctx, run);
      }
    }),
  );
  return { begun };
}
