/** Reading messages. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type { ListMessages } from "../../../contracts/conversation.contract";
import type { Message } from "../../../contracts/message.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { invalidReference, notFound } from "../crm/crm.problem";
import { findConversation } from "./conversation.record";
import { toMessage } from "./message.serialiser";

/** @throws AppError not-found. */
export async function getMessage(ctx: TenantContext, id: string): Promise<Message> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const message = await Message.findById(new Types.ObjectId(id)).lean();
  if (!message) throw notFound("message");
  return toMessage(message);
}

/**
 * Messages of a conversation: the newest first, or from one message on, back with `before` and forth with `after`.
 * @throws AppError not-found, invalid-cursor, invalid-reference for a message that is not in it
 */
export async function listMessages(
  ctx: TenantContext,
  conversationId: string,
  query: ListMessages,
): Promise<Page<Message>> {
  const models = await getCrmModels(ctx.clientCode);
  const { Message } = models;
  const conversation = await findConversation(models, conversationId);
  if (!conversation) throw notFound("conversation");
  const id = conversation._id;
  const forth = query.after !== undefined;
  const anchorId = query.after ?? query.before;
  const anchor =
    anchorId === undefined
      ? null
      : await Message.findOne({ _id: new Types.ObjectId(anchorId), conversationId: id }).lean();
  if (anchorId !== undefined && !anchor)
    throw invalidReference(forth ? "/query/after" : "/query/before", "message of this conversation");
  const page = await pageOf(ctx, Message, {
    route: "listMessages",
    query: Object.assign({ conversationId }, query),
    filter: { conversationId: id, ...(anchor ? beyond(anchor, forth) : {}) },
    sort: forth ? { sentAt: 1, _id: 1 } : { sentAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toMessage) };
}

function beyond({ sentAt, _id }: MessageRecord, forth: boolean): QueryFilter<MessageRecord> {
  const [from, past] = forth ? (["$gte", "$gt"] as const) : (["$lte", "$lt"] as const);
  return {
    sentAt: trusted({ [from]: sentAt }),
    $or: [{ sentAt: trusted({ [past]: sentAt }) }, { sentAt, _id: trusted({ [past]: _id }) }],
  };
}

/** A send is settled by its status within minutes; what is not by then needs a person. */
const reviewAfterMs = 15 * 60_000;

/** Messages that are `unknown` for 15 minutes, the longest first: a person decides about them. @throws AppError invalid-cursor. */
export async function listMessagesToReview(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<Message>> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const before = new Date(ctx.now().getTime() - reviewAfterMs);
  const page = await pageOf(ctx, Message, {
    route: "listMessagesToReview",
    query,
    filter: { status: "unknown", updatedAt: trusted({ $lte: before }) },
    sort: { updatedAt: 1, _id: 1 },
  });
  return { ...page, data: page.data.map(toMessage) };
}
