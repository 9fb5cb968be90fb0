/** Reading messages. */
import { Types, trusted } from "mongoose";
import type { Message } from "../../../contracts/message.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { notFound } from "../crm/crm.problem";
import { toMessage } from "./message.serialiser";

/** @throws AppError not-found. */
export async function getMessage(ctx: TenantContext, id: string): Promise<Message> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const message = await Message.findById(new Types.ObjectId(id)).lean();
  if (!message) throw notFound("message");
  return toMessage(message);
}

/** Messages of a conversation, newest first. @throws AppError not-found, invalid-cursor. */
export async function listMessages(
  ctx: TenantContext,
  conversationId: string,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<Message>> {
  const { Conversation, Message } = await getCrmModels(ctx.clientCode);
  const id = new Types.ObjectId(conversationId);
  if (!(await Conversation.exists({ _id: id }))) throw notFound("conversation");
  const page = await pageOf(ctx, Message, {
    route: "listMessages",
    query: Object.assign({ conversationId }, query),
    filter: { conversationId: id },
    sort: { sentAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toMessage) };
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
