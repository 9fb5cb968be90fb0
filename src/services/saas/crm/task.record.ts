/** One task inside a change: read, written, told of. */
import { Types } from "mongoose";
import type { CrmEventType } from "../../../contracts/crm.event.contract";
import type { Task } from "../../../contracts/task.contract";
import { cancelJob, enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { TaskRecord } from "../../../model/saas/task.schema";
import { changedFields } from "./changed.fields";
import { checkVersion, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { notifyInChange } from "./notification.service";

/** A task by id, at the version the caller saw when `ifMatch` is given. */
export interface TaskAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** Where tasks without a due time stand in lists: behind all others. */
const endOfTime = new Date(Date.UTC(9999, 0, 1));

export function sortTime(dueAt: Date | null): Date {
  return dueAt ?? endOfTime;
}

/** @throws AppError not-found, precondition-failed. */
export async function taskInChange(change: Change, { id, ifMatch }: TaskAt): Promise<TaskRecord> {
  const task = await change.models.Task.findById(new Types.ObjectId(id)).session(change.session).lean();
  if (!task) throw notFound("task");
  checkVersion(task, ifMatch, toTask);
  return task;
}

/** Writes what differs; the version rises, and the job that tells of the due time follows it. */
export async function saveTask(
  ctx: TenantContext,
  change: Change,
  before: TaskRecord,
  after: TaskRecord,
): Promise<TaskRecord> {
  const moved = before.dueAt?.getTime() !== after.dueAt?.getTime();
  const saved = {
    ...after,
    sortAt: sortTime(after.dueAt),
    dueToldAt: moved ? null : after.dueToldAt,
    version: before.version + 1,
    updatedAt: change.now,
  };
  await change.models.Task.updateOne(
    { _id: before._id },
    { $set: changedFields(before, saved) },
    { session: change.session },
  );
  const due = (task: TaskRecord) => (task.status === "open" ? (task.dueAt?.getTime() ?? null) : null);
  if (due(before) !== due(saved)) change.afterCommit(() => followDueTime(ctx, saved));
  return saved;
}

/** Has the due time told of when it comes; the job looks at the task then, so an old one does no harm. */
export async function followDueTime(ctx: TenantContext, task: TaskRecord): Promise<void> {
  const { clientCode, requestId } = ctx;
  const taskId = task._id.toHexString();
  await cancelJob(clientCode, "task.due", taskId);
  if (task.status === "open" && task.dueAt)
    await enqueue({
      type: "task.due",
      payload: { clientCode, taskId },
      requestId,
      key: taskId,
      runAt: task.dueAt,
    });
}

/** Notes an event of a task. Its text stays out of it but for the title, which rules may show. */
export function recordTaskEvent(
  change: Change,
  type: CrmEventType,
  task: TaskRecord,
  more: { changes?: Record<string, { from: unknown; to: unknown }> } = {},
): void {
  change.record({
    ...more,
    type,
    subject: {
      ...(task.leadId ? { leadId: task.leadId.toHexString() } : {}),
      taskId: task._id.toHexString(),
    },
    data: {
      title: task.title,
      assigneeId: task.assigneeId,
      dueAt: task.dueAt && toTimestamp(task.dueAt),
    },
  });
}

/** Tells whoever is to do it. */
export async function tellAssignee(
  ctx: TenantContext,
  change: Change,
  task: TaskRecord,
  kind: "task_assigned" | "task_due",
): Promise<void> {
  await notifyInChange(ctx, change, {
    userIds: task.assigneeId === null ? [] : [task.assigneeId],
    kind,
    text: kind === "task_due" ? `Due now: ${task.title}` : `For you to do: ${task.title}`,
    leadId: task.leadId,
    taskId: task._id,
  });
}

/** A stored task as the API shows it. */
export function toTask(record: TaskRecord): Task {
  return {
    id: record._id.toHexString(),
    version: record.version,
    leadId: record.leadId?.toHexString() ?? null,
    title: record.title,
    description: record.description,
    assigneeId: record.assigneeId,
    status: record.status,
    dueAt: record.dueAt ? toTimestamp(record.dueAt) : null,
    completedAt: record.completedAt ? toTimestamp(record.completedAt) : null,
    completedBy: record.completedBy,
    createdBy: record.createdBy,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
