import { type QueryFilter, Types, trusted } from "mongoose";
import type {
  ChangeConversationBody,
  Conversation,
  ConversationListQuery,
} from "../../../contracts/conversation.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import { changedFields, fieldChanges } from "../crm/changed.fields";
import { checkVersion, invalidReference, notFound } from "../crm/crm.problem";
import { toConversation } from "./conversation.serialiser";
import { chooseConnection, openConversationInChange } from "./open.conversation";

export { openConversationInChange } from "./open.conversation";

/** Conversations, the latest message first. @throws AppError invalid-cursor. */
export async function listConversations(
  ctx: TenantContext,
  query: ConversationListQuery,
): Promise<Page<Conversation>> {
  const { Conversation } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, Conversation, {
    route: "listConversations",
    query,
    filter: filterOf(query),
    sort: { lastActivityAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toConversation) };
}

function filterOf(query: ConversationListQuery): QueryFilter<ConversationRecord> {
  const { status, assigneeId, leadId, connectionId, unread } = query;
  return {
    ...(status ? { status } : {}),
    ...(assigneeId ? { assigneeId } : {}),
    ...(leadId ? { leadId: new Types.ObjectId(leadId) } : {}),
    ...(connectionId ? { connectionId: new Types.ObjectId(connectionId) } : {}),
    ...(unread === undefined ? {} : { unreadCount: unread ? trusted({ $gt: 0 }) : 0 }),
  };
}

/** @throws AppError not-found. */
export async function getConversation(ctx: TenantContext, id: string): Promise<Conversation> {
  const { Conversation } = await getCrmModels(ctx.clientCode);
  const record = await Conversation.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("conversation");
  return toConversation(record);
}

/** The conversation with a lead over a number; made when there is none. @throws AppError invalid-reference, invalid-state. */
export async function openConversation(
  ctx: TenantContext,
  { leadId, connectionId }: { leadId: string; connectionId?: string | undefined },
): Promise<Conversation> {
  const record = await commitChange(ctx, async (change) => {
    const { models, session } = change;
    const lead = await models.Lead.findOne({ _id: new Types.ObjectId(leadId), deletedAt: null })
      .session(session)
      .lean();
    if (!lead) throw invalidReference("/leadId", "lead");
    const connection = await chooseConnection(change, connectionId);
    return openConversationInChange(ctx, change, { leadId: lead._id, connectionId: connection._id });
  });
  return toConversation(record);
}

/** @throws AppError not-found, precondition-failed. */
export async function changeConversation(
  ctx: TenantContext,
  { id, ifMatch }: { id: string; ifMatch?: number | undefined },
  body: ChangeConversationBody,
): Promise<Conversation> {
  return changeOne(ctx, { id, ifMatch }, (before, now) => {
    const { status = before.status, priority = before.priority, labels = before.labels } = body;
    const { snoozedUntil, teamId, assigneeId } = body;
    const until = snoozedUntil ? new Date(snoozedUntil) : before.snoozedUntil;
    return {
      ...before,
      status,
      priority,
      labels,
      assigneeId: assigneeId === undefined ? before.assigneeId : assigneeId,
      snoozedUntil: status === "snoozed" ? until : null,
      teamId: teamId === undefined ? before.teamId : teamId === null ? null : new Types.ObjectId(teamId),
      resolvedAt: status === "resolved" ? (before.resolvedAt ?? now) : null,
    };
  });
}

/** Nothing is unread any more. @throws AppError not-found. */
export async function readConversation(ctx: TenantContext, id: string): Promise<Conversation> {
  return changeOne(ctx, { id }, (before) => ({ ...before, unreadCount: 0 }));
}

const shownFields = new Set([
  "status",
  "snoozedUntil",
  "priority",
  "assigneeId",
  "teamId",
  "labels",
  "unreadCount",
]);

async function changeOne(
  ctx: TenantContext,
  { id, ifMatch }: { id: string; ifMatch?: number | undefined },
  next: (before: ConversationRecord, now: Date) => ConversationRecord,
): Promise<Conversation> {
  const record = await commitChange(ctx, async (change) => {
    const before = await change.models.Conversation.findById(new Types.ObjectId(id))
      .session(change.session)
      .lean();
    if (!before) throw notFound("conversation");
    checkVersion(before, ifMatch, toConversation);
    return save(change, before, next(before, change.now));
  });
  return toConversation(record);
}

async function save(
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
  const subject = { leadId: before.leadId.toHexString(), conversationId: before._id.toHexString() };
  change.record({ type: "conversation_updated", subject, changes });
  if (before.status !== after.status) {
    if (after.status === "resolved") change.record({ type: "conversation_resolved", subject });
    if (after.status === "open") change.record({ type: "conversation_opened", subject });
  }
  return saved;
}
