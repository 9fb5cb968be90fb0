import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { TaskRecord } from "../../../model/saas/task.schema";
import { invalidReference } from "./crm.problem";
import { followDueTime, recordTaskEvent, sortTime, tellAssignee } from "./task.record";
import { activeUsers, requireUsers } from "./user.read";

export interface NewTask {
  readonly title: string;
  readonly description?: string | null | undefined;
  readonly leadId?: string | Types.ObjectId | null | undefined;
  /** Key of a user. */
  readonly assigneeId?: string | null | undefined;
  /** Instead of `assigneeId`: whoever looks after the lead; nobody when nobody does. */
  readonly assign?: "owner" | undefined;
  readonly dueAt?: Date | null | undefined;
  /** Names what asks, e.g. the step of a rule: the same key again finds the task that was made. */
  readonly effectKey?: string | undefined;
}

/**
 * Makes a task in somebody's change; whoever is to do it is notified.
 * @throws AppError invalid-reference for the lead or the person
 */
export async function createTaskInChange(
  ctx: TenantContext,
  change: Change,
  input: NewTask,
): Promise<TaskRecord> {
  const { Task } = change.models;
  const { session } = change;
  if (input.effectKey !== undefined) {
    const made = await Task.findOne({ effectKey: input.effectKey }).session(session).lean();
    if (made) return made;
  }
  const lead = await leadOf(change, input);
  const task = taskRecord(ctx, change, input, lead, await assigneeOf(ctx, input, lead));
  await Task.insertMany([task], { session });
  recordTaskEvent(change, "task_created", task);
  await tellAssignee(ctx, change, task, "task_assigned");
  if (task.dueAt) change.afterCommit(() => followDueTime(ctx, task));
  return task;
}

async function leadOf({ models, session }: Change, { leadId }: NewTask): Promise<LeadRecord | null> {
  if (!leadId) return null;
  const lead = await models.Lead.findOne({ _id: new Types.ObjectId(leadId), deletedAt: null })
    .session(session)
    .lean();
  if (!lead) throw invalidReference("/leadId", "lead");
  return lead;
}

/** An owner who is no user of the tenant, or no more, cannot be given a task: then it is nobody's yet. */
async function assigneeOf(
  ctx: TenantContext,
  { assigneeId = null, assign }: NewTask,
  lead: LeadRecord | null,
): Promise<string | null> {
  if (assign === "owner") {
    const owner = lead?.ownerId ?? null;
    const [known] = owner === null ? [] : await activeUsers(ctx, [owner]);
    return known?.key ?? null;
  }
  if (assigneeId !== null) await requireUsers(ctx, [assigneeId], "/assigneeId");
  return assigneeId;
}

function taskRecord(
  ctx: TenantContext,
  { now }: Change,
  input: NewTask,
  lead: LeadRecord | null,
  assigneeId: string | null,
): TaskRecord {
  const dueAt = input.dueAt ?? null;
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    leadId: lead?._id ?? null,
    title: input.title,
    description: input.description ?? null,
    assigneeId,
    status: "open",
    dueAt,
    sortAt: sortTime(dueAt),
    dueToldAt: null,
    completedAt: null,
    completedBy: null,
    createdBy: ctx.actor,
    effectKey: input.effectKey ?? null,
  };
}
