/** One conversation inside a change: read, written, told of. */
import { type ClientSession, Types } from "mongoose";
import { cancelJob, enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import { changedFields, fieldChanges } from "../crm/changed.fields";
import { checkVersion, notFound } from "../crm/crm.problem";
import { notifyInChange } from "../crm/notification.service";
import { toConversation } from "./conversation.serialiser";

/** A conversation by id, at the version the caller saw when `ifMatch` is given. */
export interface ConversationAt {
  readonly id: string | Types.ObjectId;
  readonly ifMatch?: number | undefined;
}

/** The conversation with this id, or the one that took it in when their leads were merged. */
export async function findConversation(
  { Conversation }: Pick<CrmModels, "Conversation">,
  id: string | Types.ObjectId,
  session: ClientSession | null = null,
): Promise<ConversationRecord | null> {
  const _id = new Types.ObjectId(id);
  return (
    (await Conversation.findById(_id).session(session).lean()) ??
    (await Conversation.findOne({ mergedFrom: _id }).session(session).lean())
  );
}

/** @throws AppError not-found, precondition-failed. */
export async function conversationInChange(
  change: Change,
  { id, ifMatch }: ConversationAt,
): Promise<ConversationRecord> {
  const record = await findConversation(change.models, id, change.session);
  if (!record) throw notFound("conversation");
  checkVersion(record, ifMatch, toConversation);
  return record;
}

const shownFields = new Set([
  "status",
  "snoozedUntil",
  "priority",
  "assigneeId",
  "teamId",
  "participantIds",
  "labels",
  "unreadCount",
]);

/** Writes what differs with its events; nothing new, no event. Whoever it is given to is notified. */
export async function saveConversation(
  ctx: TenantContext,
  change: Change,
  before: ConversationRecord,
  after: ConversationRecord,
): Promise<ConversationRecord> {
  const changes = fieldChanges(toConversation(before), toConversation(after), shownFields);
  if (Object.keys(changes).length === 0) return before;
  const saved = { ...after, version: before.version + 1, updatedAt: change.now };
  await change.models.Conversation.updateOne(
    { _id: before._id },
    { $set: changedFields(before, saved) },
    { session: change.session },
  );
  const subject = subjectOf(before);
  change.record({ type: "conversation_updated", subject, changes });
  if (changes.status && saved.status === "resolved")
    change.record({ type: "conversation_resolved", subject, changes: { status: changes.status } });
  if (changes.status && saved.status === "open")
    change.record({ type: "conversation_opened", subject, changes: { status: changes.status } });
  if (changes.assigneeId || changes.teamId) await tellAssigned(ctx, change, before, saved);
  if (changes.snoozedUntil) change.afterCommit(() => followSnooze(ctx, saved));
  return saved;
}

/** What events name of a conversation. */
export function subjectOf({ _id, leadId }: Pick<ConversationRecord, "_id" | "leadId">) {
  return { leadId: leadId.toHexString(), conversationId: _id.toHexString() };
}

async function tellAssigned(
  ctx: TenantContext,
  change: Change,
  before: ConversationRecord,
  after: ConversationRecord,
): Promise<void> {
  change.record({
    type: "conversation_assigned",
    subject: subjectOf(after),
    data: {
      fromAssigneeId: before.assigneeId,
      toAssigneeId: after.assigneeId,
      fromTeamId: before.teamId?.toHexString() ?? null,
      toTeamId: after.teamId?.toHexString() ?? null,
    },
  });
  if (after.assigneeId === null || after.assigneeId === before.assigneeId) return;
  const lead = await change.models.Lead.findById(after.leadId).session(change.session).lean();
  await notifyInChange(ctx, change, {
    userIds: [after.assigneeId],
    kind: "conversation_assigned",
    text: `The conversation with ${lead?.displayName ?? "somebody"} is yours now.`,
    leadId: after.leadId,
    conversationId: after._id,
  });
}

/** Has a sleeping conversation woken at its time; the job looks at it then, so an old one does no harm. */
export async function followSnooze(ctx: TenantContext, conversation: ConversationRecord): Promise<void> {
  const { clientCode, requestId } = ctx;
  const conversationId = conversation._id.toHexString();
  await cancelJob(clientCode, "conversation.wake", conversationId);
  if (conversation.snoozedUntil)
    await enqueue({
      type: "conversation.wake",
      payload: { clientCode, conversationId },
      requestId,
      key: conversationId,
      runAt: conversation.snoozedUntil,
    });
}
