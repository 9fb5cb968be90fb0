/**
 * What the customer sees of us beside messages: blue ticks and "typing". Neither changes anything here.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/guides/mark-message-as-read
 */
import { Types, trusted } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { GraphCallError, postReceipt } from "../../../lib/whatsapp/graph.client";
import { isAccountProblem, isRateLimit } from "../../../lib/whatsapp/send.outcome";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import { invalidState, notFound } from "../crm/crm.problem";
import { readToken } from "./connection.token";
import { pauseForFault } from "./pause.connection";

const thirtyDaysMs = 30 * 24 * 60 * 60_000;

/** Has Meta told that everything up to the last message was read. Requests coalesce while one waits. */
export async function requestReadReceipt(ctx: TenantContext, conversationId: string): Promise<void> {
  const job = {
    type: "whatsapp.read" as const,
    payload: { clientCode: ctx.clientCode, conversationId },
    requestId: ctx.requestId,
  };
  const first = await enqueue({ ...job, key: conversationId });
  // one that runs may have looked before the newest message came
  if (!first.created && first.state === "running") await enqueue({ ...job, key: `${conversationId}:again` });
}

export type ReceiptOutcome = "told" | "nothing_to_tell" | "number_paused" | "refused";

/** @throws GraphCallError when Meta may take it later. */
export async function sendReadReceipt(ctx: TenantContext, conversationId: string): Promise<ReceiptOutcome> {
  const last = await lastInbound(ctx, conversationId);
  if (!last) return "nothing_to_tell";
  if (last.connection.state !== "active") return "number_paused";
  try {
    await post(ctx, last, false);
    return "told";
  } catch (error) {
    if (!(error instanceof GraphCallError) || !error.fault) throw error;
    const { code } = error.fault;
    if (isAccountProblem(code)) {
      await pauseForFault(ctx, last.connection._id, code);
      return "number_paused";
    }
    if (error.status !== null && error.status < 500 && error.status !== 429 && !isRateLimit(code)) {
      return "refused";
    }
    throw error;
  }
}

/**
 * Shows "typing" for 25 seconds or until our next message; the customer also sees that we read theirs.
 * @throws AppError not-found, invalid-state when there is nothing to answer or the number is paused,
 * service-unavailable when Meta does not take it now.
 */
export async function showTyping(ctx: TenantContext, conversationId: string): Promise<void> {
  const { Conversation } = await getCrmModels(ctx.clientCode);
  if (!(await Conversation.exists({ _id: new Types.ObjectId(conversationId) })))
    throw notFound("conversation");
  const last = await lastInbound(ctx, conversationId);
  if (!last) throw invalidState("WhatsApp shows typing only to somebody who wrote in the last 30 days.");
  if (last.connection.state !== "active")
    throw invalidState("The WhatsApp number is paused. Connect it again.");
  await post(ctx, last, true).catch((error: unknown) => {
    if (!(error instanceof GraphCallError)) throw error;
    const code = error.fault ? ` (code ${error.fault.code})` : "";
    throw new AppError("service-unavailable", `Meta does not show it now${code}. It is of no further use.`, {
      cause: error,
      retryAfterSeconds: 30,
    });
  });
}

interface LastInbound {
  readonly providerMessageId: string;
  readonly connection: ConnectionRecord;
}

/** The newest message of the customer's that Meta still knows. */
async function lastInbound(ctx: TenantContext, conversationId: string): Promise<LastInbound | null> {
  const { Message, Connection } = await getCrmModels(ctx.clientCode);
  const message = await Message.findOne({
    conversationId: new Types.ObjectId(conversationId),
    direction: "inbound",
    kind: trusted({ $nin: ["system", "note"] }),
    sentAt: trusted({ $gt: new Date(ctx.now().getTime() - thirtyDaysMs) }),
  })
    .sort({ sentAt: -1, _id: -1 })
    .lean();
  if (!message?.provider.messageId) return null;
  const connection = await Connection.findById(message.connectionId).lean();
  return connection && { providerMessageId: message.provider.messageId, connection };
}

async function post(
  ctx: TenantContext,
  { providerMessageId, connection: { phoneNumberId } }: LastInbound,
  typing: boolean,
): Promise<void> {
  const token = await readToken(ctx.clientCode, phoneNumberId);
  await postReceipt({ token, phoneNumberId, messageId: providerMessageId, typing });
}
