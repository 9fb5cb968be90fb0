import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { revokeMediaInChange } from "../media/media.revoke";
import { messagePreview } from "./message.preview";
import { subjectOf } from "./message.subject";

/**
 * Brings a message in line with its writer's edits and deletions, whichever of the rows came first: the latest edit
 * is what it says, and once deleted it says nothing more. Only who wrote a message can do this.
 */
export async function applyAmendmentsInChange(
  ctx: TenantContext,
  change: Change,
  target: MessageRecord,
): Promise<void> {
  const { models, session, now } = change;
  const { connectionId, conversationId, direction, provider } = target;
  if (provider.messageId === null) return;
  const rows = await models.Message.find({
    connectionId,
    direction,
    kind: trusted({ $in: ["edit", "revoke"] }),
    replyToProviderId: provider.messageId,
  })
    .session(session)
    .sort({ sentAt: 1, "provider.messageId": 1 })
    .lean();
  if (target.redactedAt !== null) return forgetEdits(change, target);
  const revoke = rows.find(({ kind }) => kind === "revoke");
  const edit = rows.findLast(({ kind }) => kind === "edit");
  const after: MessageRecord = revoke
    ? { ...target, text: null, content: null, mediaIds: [], revokedAt: revoke.sentAt }
    : { ...target, ...(edit ? { text: edit.text, editedAt: edit.sentAt } : {}) };
  if (revoke) await revokeMediaInChange(ctx, change, target);
  if (revoke && edit) await forgetEdits(change, target);
  const { text, content, mediaIds, editedAt = null, revokedAt = null } = after;
  if (isSameTime(editedAt, target.editedAt) && isSameTime(revokedAt, target.revokedAt)) return;
  await models.Message.updateOne(
    { _id: target._id },
    { $set: { text, content, mediaIds, editedAt, revokedAt, updatedAt: now }, $inc: { version: 1 } },
    { session },
  );
  await models.Conversation.updateOne(
    { _id: conversationId, "lastMessage.id": target._id },
    { $set: { "lastMessage.preview": messagePreview(after) } },
    { session },
  );
  change.record({
    type: "message_updated",
    subject: subjectOf(target),
    data: revokedAt ? { revoked: true } : { edited: true },
    occurredAt: revokedAt ?? editedAt ?? now,
  });
}

/** What a deleted message said must not live on in its edits. */
export async function forgetEdits(
  { models, session, now }: Change,
  { connectionId, provider }: MessageRecord,
): Promise<void> {
  await models.Message.updateMany(
    {
      connectionId,
      kind: "edit",
      replyToProviderId: provider.messageId,
      $or: [{ text: trusted({ $ne: null }) }, { content: trusted({ $ne: null }) }],
    },
    { $set: { text: null, content: null, updatedAt: now }, $inc: { version: 1 } },
    { session },
  );
}

function isSameTime(a: Date | null | undefined, b: Date | null | undefined): boolean {
  return (a?.getTime() ?? null) === (b?.getTime() ?? null);
}
