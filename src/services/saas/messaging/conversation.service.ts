/** The life of a conversation beside its messages: who answers it, what state it is in, how it is marked. */
import { Types } from "mongoose";
import type { ChangeConversationBody, Conversation } from "../../../contracts/conversation.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import { invalidReference, invalidState, notFound } from "../crm/crm.problem";
import { type AssignTo, resolveAssignment } from "../crm/lead.assign";
import { findLiving } from "../crm/lead.record";
import { requireTeam } from "../crm/team.pick";
import { requireUsers } from "../crm/user.read";
import {
  type ConversationAt,
  conversationInChange,
  findConversation,
  saveConversation,
} from "./conversation.record";
import { toConversation } from "./conversation.serialiser";
import { snoozeTime } from "./conversation.snooze";
import { chooseConnection, openConversationInChange } from "./open.conversation";

export { listConversations } from "./conversation.list";
export { conversationInChange } from "./conversation.record";

const mostLabels = 50;
const mostParticipants = 50;

/** The id of one that was joined to another leads to that one. @throws AppError not-found. */
export async function getConversation(ctx: TenantContext, id: string): Promise<Conversation> {
  const record = await findConversation(await getCrmModels(ctx.clientCode), id);
  if (!record) throw notFound("conversation");
  return toConversation(record);
}

/** The conversation with a lead over a number; made when there is none. @throws AppError invalid-reference, invalid-state. */
export async function openConversation(
  ctx: TenantContext,
  { leadId, connectionId }: { leadId: string; connectionId?: string | undefined },
): Promise<Conversation> {
  const record = await commitChange(ctx, async (change) => {
    const lead = await findLiving(change.models, leadId, change.session);
    if (!lead) throw invalidReference("/leadId", "lead");
    const connection = await chooseConnection(change, connectionId);
    return openConversationInChange(ctx, change, { leadId: lead._id, connectionId: connection._id });
  });
  return toConversation(record);
}

/**
 * Changes a conversation in somebody's change by merge patch.
 * @throws AppError not-found, precondition-failed, invalid-reference for a user or team, validation-failed for a time
 * that is over.
 */
export async function changeConversationInChange(
  ctx: TenantContext,
  change: Change,
  at: ConversationAt,
  body: ChangeConversationBody,
): Promise<ConversationRecord> {
  const before = await conversationInChange(change, at);
  const { status = before.status, priority = before.priority, labels = before.labels } = body;
  const { snoozedUntil, teamId, assigneeId = before.assigneeId } = body;
  if (assigneeId !== null && assigneeId !== before.assigneeId)
    await requireUsers(ctx, [assigneeId], "/assigneeId");
  await requireTeam(change, teamId);
  const until = snoozedUntil ? snoozeTime(snoozedUntil, change.now, "/snoozedUntil") : before.snoozedUntil;
  return saveConversation(ctx, change, before, {
    ...inStatus(before, status, change.now, until),
    priority,
    labels: [...new Set(labels)],
    assigneeId,
    teamId: teamId === undefined ? before.teamId : teamId === null ? null : new Types.ObjectId(teamId),
  });
}

/** @throws AppError as changeConversationInChange. */
export async function changeConversation(
  ctx: TenantContext,
  at: ConversationAt,
  body: ChangeConversationBody,
): Promise<Conversation> {
  return toConversation(
    await commitChange(ctx, (change) => changeConversationInChange(ctx, change, at, body)),
  );
}

/** Nothing is unread any more. @throws AppError not-found. */
export async function readConversation(ctx: TenantContext, id: string): Promise<Conversation> {
  return changeOne(ctx, { id }, async (_change, before) => ({ ...before, unreadCount: 0 }));
}

/**
 * Puts a conversation aside until a time, or until the customer writes.
 * @throws AppError not-found, precondition-failed, validation-failed for a time that is over, invalid-state when it is
 * resolved.
 */
export async function snoozeConversation(
  ctx: TenantContext,
  at: ConversationAt,
  until: string,
): Promise<Conversation> {
  return changeOne(ctx, at, async ({ now }, before) => {
    if (before.status === "resolved")
      throw invalidState("The conversation is resolved. Reopen it before it is put aside.");
    return inStatus(before, "snoozed", now, snoozeTime(until, now, "/until"));
  });
}

/** Brings a conversation to a state without a time; there already, nothing happens. @throws AppError not-found, precondition-failed. */
export async function setConversationStatus(
  ctx: TenantContext,
  at: ConversationAt,
  status: "open" | "pending" | "resolved",
): Promise<Conversation> {
  return changeOne(ctx, at, async ({ now }, before) => inStatus(before, status, now, null));
}

/**
 * Gives a conversation to a person, a team or one of a team, in somebody's change.
 * @throws AppError not-found, precondition-failed, invalid-reference, invalid-state when nobody of the team is available
 */
async function assignConversationInChange(
  ctx: TenantContext,
  change: Change,
  at: ConversationAt,
  to: AssignTo,
): Promise<ConversationRecord> {
  const before = await conversationInChange(change, at);
  const assigned = await resolveAssignment(ctx, change, to);
  const { userId: assigneeId = before.assigneeId, teamId = before.teamId } = assigned;
  return saveConversation(ctx, change, before, { ...before, assigneeId, teamId });
}

/** @throws AppError as assignConversationInChange. */
export async function assignConversation(
  ctx: TenantContext,
  at: ConversationAt,
  to: AssignTo,
): Promise<Conversation> {
  return toConversation(await commitChange(ctx, (change) => assignConversationInChange(ctx, change, at, to)));
}

/** Adds and removes labels; those that are there, or are not, change nothing. @throws AppError not-found, precondition-failed, invalid-state above the limit. */
export async function changeLabels(
  ctx: TenantContext,
  at: ConversationAt,
  difference: Difference,
): Promise<Conversation> {
  return changeOne(ctx, at, async (_change, before) => {
    const labels = applied(before.labels, difference);
    if (labels.length > mostLabels)
      throw invalidState(`A conversation has at most ${mostLabels} labels. Remove one first.`);
    return { ...before, labels };
  });
}

/** Adds and removes people who follow it. @throws AppError not-found, precondition-failed, invalid-reference, invalid-state above the limit. */
export async function changeParticipants(
  ctx: TenantContext,
  at: ConversationAt,
  difference: Difference,
): Promise<Conversation> {
  return changeOne(ctx, at, async (_change, before) => {
    await requireUsers(ctx, difference.add, "/add");
    const participantIds = applied(before.participantIds, difference);
    if (participantIds.length > mostParticipants)
      throw invalidState(`A conversation has at most ${mostParticipants} participants. Remove one first.`);
    return { ...before, participantIds };
  });
}

interface Difference {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

function applied(before: readonly string[], { add, remove }: Difference): string[] {
  return [...new Set([...before, ...add])].filter((name) => !remove.includes(name));
}

function inStatus(
  before: ConversationRecord,
  status: ConversationRecord["status"],
  now: Date,
  until: Date | null,
): ConversationRecord {
  return {
    ...before,
    status,
    snoozedUntil: status === "snoozed" ? until : null,
    resolvedAt: status === "resolved" ? (before.resolvedAt ?? now) : null,
    waitingSince: status === "resolved" ? null : before.waitingSince,
  };
}

async function changeOne(
  ctx: TenantContext,
  at: ConversationAt,
  next: (change: Change, before: ConversationRecord) => Promise<ConversationRecord>,
): Promise<Conversation> {
  const record = await commitChange(ctx, async (change) => {
    const before = await conversationInChange(change, at);
    return saveConversation(ctx, change, before, await next(change, before));
  });
  return toConversation(record);
}
