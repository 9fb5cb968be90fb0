/** Tasks: what people are to do, from their making to their end. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type { CreateTask, ListTasks, Task, UpdateTask } from "../../../contracts/task.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { TaskRecord } from "../../../model/saas/task.schema";
import { fieldChanges } from "./changed.fields";
import { notFound } from "./crm.problem";
import { createTaskInChange, type NewTask } from "./task.create";
import { recordTaskEvent, saveTask, type TaskAt, taskInChange, tellAssignee, toTask } from "./task.record";
import { requireUsers } from "./user.read";

export { createTaskInChange } from "./task.create";

/** Tasks, the most urgent first. @throws AppError invalid-cursor. */
export async function listTasks(ctx: TenantContext, query: ListTasks): Promise<Page<Task>> {
  const { Task } = await getCrmModels(ctx.clientCode);
  const { status, assigneeId, leadId, dueBefore, dueAfter } = query;
  const due = {
    ...(dueAfter === undefined ? {} : { $gte: new Date(dueAfter) }),
    ...(dueBefore === undefined ? {} : { $lt: new Date(dueBefore) }),
  };
  const filter: QueryFilter<TaskRecord> = {
    ...(assigneeId === undefined ? {} : { assigneeId }),
    ...(leadId === undefined ? {} : { leadId: new Types.ObjectId(leadId) }),
    // Named one by one, so that the index gives the order also when either will do.
    status: status ?? trusted({ $in: ["open", "done"] }),
    ...(Object.keys(due).length === 0 ? {} : { sortAt: trusted(due) }),
  };
  const page = await pageOf(ctx, Task, { route: "listTasks", query, filter, sort: { sortAt: 1, _id: 1 } });
  return { ...page, data: page.data.map(toTask) };
}

/** @throws AppError not-found. */
export async function getTask(ctx: TenantContext, id: string): Promise<Task> {
  const { Task } = await getCrmModels(ctx.clientCode);
  const task = await Task.findById(new Types.ObjectId(id)).lean();
  if (!task) throw notFound("task");
  return toTask(task);
}

/** @throws AppError invalid-reference for the lead or the person. */
export async function createTask(
  ctx: TenantContext,
  { dueAt, ...input }: CreateTask & Pick<NewTask, "effectKey">,
): Promise<Task> {
  return inOneChange(ctx, (change) =>
    createTaskInChange(ctx, change, { ...input, dueAt: dueAt ? new Date(dueAt) : null }),
  );
}

/** @throws AppError not-found, precondition-failed, invalid-reference. */
export async function updateTask(ctx: TenantContext, at: TaskAt, patch: UpdateTask): Promise<Task> {
  if (patch.assigneeId) await requireUsers(ctx, [patch.assigneeId], "/assigneeId");
  return inOneChange(ctx, async (change) => {
    const before = await taskInChange(change, at);
    const { dueAt, ...plain } = patch;
    const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
    const after: TaskRecord = {
      ...before,
      ...given,
      dueAt: dueAt === undefined ? before.dueAt : dueAt === null ? null : new Date(dueAt),
    };
    const changes = fieldChanges(toTask(before), toTask(after), watched);
    if (Object.keys(changes).length === 0) return before;
    const saved = await saveTask(ctx, change, before, after);
    recordTaskEvent(change, "task_updated", saved, { changes });
    if (changes.assigneeId && saved.status === "open")
      await tellAssignee(ctx, change, saved, "task_assigned");
    return saved;
  });
}

const watched = new Set(["title", "description", "assigneeId", "dueAt"]);

/** Completes a task; one that is done stays as it is. @throws AppError not-found, precondition-failed. */
export async function completeTask(ctx: TenantContext, at: TaskAt): Promise<Task> {
  return turn(ctx, at, "done");
}

/** Opens a task that was done; an open one stays as it is. @throws AppError not-found, precondition-failed. */
export async function reopenTask(ctx: TenantContext, at: TaskAt): Promise<Task> {
  return turn(ctx, at, "open");
}

async function turn(ctx: TenantContext, at: TaskAt, status: TaskRecord["status"]): Promise<Task> {
  return inOneChange(ctx, async (change) => {
    const before = await taskInChange(change, at);
    if (before.status === status) return before;
    const done = status === "done";
    const saved = await saveTask(ctx, change, before, {
      ...before,
      status,
      completedAt: done ? change.now : null,
      completedBy: done ? ctx.actor : null,
    });
    const changes = { status: { from: before.status, to: status } };
    recordTaskEvent(change, done ? "task_completed" : "task_reopened", saved, { changes });
    return saved;
  });
}

/** @throws AppError not-found, precondition-failed. */
export async function deleteTask(ctx: TenantContext, at: TaskAt): Promise<void> {
  await commitChange(ctx, async (change) => {
    const task = await taskInChange(change, at);
    await change.models.Task.deleteOne({ _id: task._id }, { session: change.session });
    recordTaskEvent(change, "task_deleted", task);
  });
}

async function inOneChange(ctx: TenantContext, body: (change: Change) => Promise<TaskRecord>): Promise<Task> {
  return toTask(await commitChange(ctx, body));
}
