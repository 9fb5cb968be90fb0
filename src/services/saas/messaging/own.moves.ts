/**
 * Our own moves of a message between states. Each is conditional on the state it leaves and on the attempt it belongs
 * to, so that a process that was taken for dead changes nothing when it comes back.
 */
import { randomUUID } from "node:crypto";
import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { MessageError, MessageRecord, MessageStatus } from "../../../model/saas/message.schema";
import { subjectOf } from "./message.subject";
import { recordSent } from "./raise.status";
import { applyReactionsInChange } from "./reactions";
import { relateMessageInChange } from "./relate.message";

/** A message that this process alone may send now. */
export interface SendAttempt {
  readonly attemptId: string;
  readonly message: MessageRecord;
}

/** queued -> sending, with majority, before anything is sent. @returns null when it is not `queued` any more. */
export async function beginSending(ctx: TenantContext, _id: Types.ObjectId): Promise<SendAttempt | null> {
  const attemptId = randomUUID();
  return commitChange(ctx, async ({ models, session, now }) => {
    const message = await models.Message.findOneAndUpdate(
      { _id, status: "queued" },
      {
        $set: { status: "sending", attemptId, "statusAt.sending": now, updatedAt: now },
        $inc: { attempts: 1, version: 1 },
      },
      { session, returnDocument: "after" },
    ).lean();
    return message && { attemptId, message };
  });
}

/**
 * sending -> sent, with Meta's id. Also from `unknown`: the answer of this very attempt, however late, is knowledge.
 * A status that was faster has the state; the id is noted all the same.
 */
export async function settleSent(
  ctx: TenantContext,
  { attemptId, message }: SendAttempt,
  providerMessageId: string,
): Promise<void> {
  const { _id } = message;
  await commitChange(ctx, async (change) => {
    const { models, session, now } = change;
    const taken = { provider: { name: "whatsapp" as const, messageId: providerMessageId, timestamp: now } };
    const moved = await models.Message.findOneAndUpdate(
      { _id, attemptId, status: trusted({ $in: ["sending", "unknown"] }) },
      {
        $set: { status: "sent", "statusAt.sent": now, ...taken, error: null, updatedAt: now },
        $inc: { version: 1 },
      },
      { session, returnDocument: "after" },
    ).lean();
    if (moved) {
      await relateMessageInChange(ctx, change, moved);
      recordSent(change, message);
    } else
      await models.Message.updateOne(
        { _id, attemptId, "provider.messageId": null },
        { $set: { ...taken, updatedAt: now }, $inc: { version: 1 } },
        { session },
      );
  });
}

/** sending -> queued: Meta has provably not taken it. */
export function returnToQueue(ctx: TenantContext, attempt: SendAttempt): Promise<boolean> {
  return leave(ctx, attempt.message._id, { status: "sending", attemptId: attempt.attemptId }, "queued", null);
}

/** sending -> unknown: nobody knows; Meta's status settles it, else a person. */
export function settleUnknown(
  ctx: TenantContext,
  { _id, attemptId }: Pick<MessageRecord, "_id" | "attemptId">,
): Promise<boolean> {
  return leave(ctx, _id, { status: "sending", attemptId }, "unknown", null);
}

/** sending -> failed, or queued -> failed where it must not even be tried. */
export function settleFailed(
  ctx: TenantContext,
  from: Pick<MessageRecord, "_id" | "attemptId"> & { readonly status: "queued" | "sending" },
  error: MessageError,
): Promise<boolean> {
  const { _id, status, attemptId } = from;
  return leave(ctx, _id, status === "queued" ? { status } : { status, attemptId }, "failed", error);
}

/**
 * unknown or failed -> queued: only where a person asks for it. The new attempt gets an id of its own from Meta.
 * @returns null when it is not in the state any more that was read.
 */
export async function requeueInChange(
  change: Change,
  { _id, status, attemptId }: MessageRecord,
): Promise<MessageRecord | null> {
  const { models, session, now } = change;
  const queued = await models.Message.findOneAndUpdate(
    { _id, status, attemptId },
    {
      $set: {
        status: "queued",
        "statusAt.queued": now,
        attemptId: null,
        error: null,
        provider: { name: "whatsapp", messageId: null, timestamp: null },
        updatedAt: now,
      },
      $inc: { version: 1 },
    },
    { session, returnDocument: "after" },
  ).lean();
  if (queued) recordMove(change, queued, status, "queued", null);
  return queued;
}

/** @returns whether it was in the state to be left. */
async function leave(
  ctx: TenantContext,
  _id: Types.ObjectId,
  from: { status: "queued" | "sending"; attemptId?: string | null },
  to: "queued" | "unknown" | "failed",
  error: MessageError | null,
): Promise<boolean> {
  return commitChange(ctx, async (change) => {
    const { models, session, now } = change;
    const message = await models.Message.findOneAndUpdate(
      { _id, ...from },
      {
        $set: {
          status: to,
          updatedAt: now,
          error,
          // back in the queue it is as long there as before
          ...(to === "queued" ? { attemptId: null } : { [`statusAt.${to}`]: now }),
        },
        $inc: { version: 1 },
      },
      { session, returnDocument: "after" },
    ).lean();
    if (message && to !== "queued") recordMove(change, message, from.status, to, error);
    if (message?.kind === "reaction" && to === "failed") await applyReactionsInChange(change, message);
    return message !== null;
  });
}

function recordMove(
  change: Change,
  message: MessageRecord,
  from: MessageStatus,
  to: MessageStatus,
  error: MessageError | null,
): void {
  change.record({
    type: "message_status",
    subject: subjectOf(message),
    data: { status: to, errorCode: error?.code ?? null },
    changes: { status: { from, to } },
    chain: message.chain ?? null,
  });
}
