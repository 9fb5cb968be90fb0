/**
 * Messages that are about another one: replies, reactions, edits, deletions. Either of the two may come first. An id of
 * Meta's names one message of a number, so the two find each other also while their person is still two leads.
 */
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { MessageKind, MessageRecord } from "../../../model/saas/message.schema";
import { applyAmendmentsInChange } from "./amendments";
import { applyReactionsInChange } from "./reactions";

/**
 * Brings a message that was just stored, or has just got its id of Meta's, together with the one it is about, and
 * with those that are about it.
 */
export async function relateMessageInChange(
  ctx: TenantContext,
  change: Change,
  message: MessageRecord,
): Promise<void> {
  await pointAtTarget(ctx, change, message);
  await takeUpPointers(ctx, change, message);
}

async function pointAtTarget(ctx: TenantContext, change: Change, message: MessageRecord): Promise<void> {
  const { Message } = change.models;
  const { connectionId, replyToProviderId } = message;
  if (replyToProviderId === null) return;
  const target = await Message.findOne({ connectionId, "provider.messageId": replyToProviderId })
    .session(change.session)
    .lean();
  if (!target) return;
  if (!message.replyToId) {
    await Message.updateOne(
      { _id: message._id },
      { $set: { replyToId: target._id } },
      { session: change.session },
    );
  }
  await applyTo(ctx, change, target, [message]);
}

async function takeUpPointers(ctx: TenantContext, change: Change, message: MessageRecord): Promise<void> {
  const { connectionId, provider } = message;
  if (provider.messageId === null) return;
  const { Message } = change.models;
  const about = { connectionId, replyToProviderId: provider.messageId };
  const pointers = await Message.find(about).session(change.session).lean();
  if (pointers.length === 0) return;
  await Message.updateMany(
    { ...about, replyToId: null },
    { $set: { replyToId: message._id } },
    { session: change.session },
  );
  await applyTo(ctx, change, message, pointers);
}

async function applyTo(
  ctx: TenantContext,
  change: Change,
  target: MessageRecord,
  pointers: readonly MessageRecord[],
): Promise<void> {
  const kinds = new Set<MessageKind>(pointers.map(({ kind }) => kind));
  if (kinds.has("reaction")) await applyReactionsInChange(change, target);
  if (kinds.has("edit") || kinds.has("revoke")) await applyAmendmentsInChange(ctx, change, target);
}
