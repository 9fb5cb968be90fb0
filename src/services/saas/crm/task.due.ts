/** Telling that a task is due, once per due time, at that time. */
import { Types, trusted } from "mongoose";
import { keysWithJob } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { followDueTime, recordTaskEvent, tellAssignee } from "./task.record";

/** Beyond the next daily sweep: what is due later is looked at by that one. */
const horizonMs = 25 * 60 * 60_000;
const batch = 500;

/**
 * Tells of a due time that has come. A task that is done, deleted or told of is left alone.
 * @returns when to look again, for a task whose time was moved
 */
export async function tellTaskDue(ctx: TenantContext, taskId: string): Promise<{ dueInMs: number | null }> {
  return commitChange(ctx, async (change) => {
    const { Task } = change.models;
    const task = await Task.findById(new Types.ObjectId(taskId)).session(change.session).lean();
    const dueAt = task?.dueAt ?? null;
    if (task?.status !== "open" || dueAt === null || task.dueToldAt?.getTime() === dueAt.getTime())
      return { dueInMs: null };
    if (dueAt > change.now) return { dueInMs: dueAt.getTime() - change.now.getTime() };
    // Bookkeeping: nobody's change of the task, so its version stays.
    await Task.updateOne({ _id: task._id }, { $set: { dueToldAt: dueAt } }, { session: change.session });
    recordTaskEvent(change, "task_due", task);
    await tellAssignee(ctx, change, task, "task_due");
    return { dueInMs: null };
  });
}

/** Gives tasks that are due soon their job again, where a crash came before it. */
export async function sweepDueTasks(ctx: TenantContext): Promise<{ taken: number }> {
  const { Task } = await getCrmModels(ctx.clientCode);
  const until = new Date(ctx.now().getTime() + horizonMs);
  const due = await Task.find({ status: "open", sortAt: trusted({ $lte: until }), dueToldAt: null })
    .sort({ sortAt: 1, _id: 1 })
    .limit(batch)
    .lean();
  const withJob = await keysWithJob(
    ctx.clientCode,
    "task.due",
    due.map(({ _id }) => _id.toHexString()),
  );
  const left = due.filter(({ _id }) => !withJob.has(_id.toHexString()));
  for (const task of left) await followDueTime(ctx, task);
  return { taken: left.length };
}
