/**
 * One attempt to send a stored message. The row says `sending` with majority before Meta is called, so that a crash
 * at any point leaves either a message that was provably not sent, or one that is `unknown` and is not sent again.
 */
import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { explainError, marketingStopped } from "../../../lib/whatsapp/error.catalog";
import { GraphCallError, postMessage } from "../../../lib/whatsapp/graph.client";
import { concludeSend, type SendOutcome } from "../../../lib/whatsapp/send.outcome";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { MessageRecord, MessageStatus } from "../../../model/saas/message.schema";
import { noteMarketingChoiceInChange } from "../crm/lead.service";
import { isMediaOnItsWay } from "../media/media.outbound.service";
import { isWindowOpen } from "../messaging/compose.message";
import {
  beginSending,
  returnToQueue,
  type SendAttempt,
  settleFailed,
  settleSent,
  settleUnknown,
} from "../messaging/own.moves";
import { marketingRefusal, unwantedReason } from "../messaging/refuse.unwanted";
import { readToken } from "./connection.token";
import { buildBody } from "./outgoing/build.body";
import { CannotSend } from "./outgoing/cannot.send";
import { withdrawnReason } from "./outgoing/withdrawn";
import { replayParkedStatuses } from "./parked.items";
import { pauseConnection } from "./pause.connection";
import { learnLimit, spaceOutPair, takePlace } from "./send.pace";

export type SendResult =
  /** Nothing more to do for this job. */
  | { readonly kind: "settled"; readonly status: MessageStatus | "gone" }
  /** It waits as `queued`: try again then. Waiting never uses up the job's attempts. */
  | { readonly kind: "wait"; readonly delayMs: number; readonly code: string };

/** A number that works again wakes what waits for it; this is for a wake that was lost. */
const pausedDelayMs = 5 * 60_000;
/** A lead that has just been merged: its messages move in the same transaction, or at the latest with the merge's job. */
const mergedDelayMs = 2_000;
/** Media that is being fetched or converted takes seconds. */
const mediaDelayMs = 2_000;
/** What cannot reach Meta for this long is given up. */
const patienceMs = 24 * 60 * 60_000;
const firstDelayMs = 1_000;
const longestDelayMs = 15 * 60_000;

/** Sends a stored message if it is still to be sent. */
export async function sendStoredMessage(ctx: TenantContext, messageId: string): Promise<SendResult> {
  const models = await getCrmModels(ctx.clientCode);
  const { Message, Connection, Lead, Conversation } = models;
  const message = await Message.findById(new Types.ObjectId(messageId)).lean();
  if (!message) return { kind: "settled", status: "gone" };
  if (message.status === "sending") {
    // Whoever began it is gone, and Meta may have it.
    await settleUnknown(ctx, message);
    return { kind: "settled", status: "unknown" };
  }
  if (message.status !== "queued") {
    // Whoever noted Meta's id may have died before it took up the statuses that waited for it.
    const { messageId: providerMessageId } = message.provider;
    if (providerMessageId !== null) await replayParkedStatuses(ctx, providerMessageId);
    return { kind: "settled", status: message.status };
  }
  const [connection, lead, conversation] = await Promise.all([
    Connection.findById(message.connectionId).lean(),
    Lead.findOne({ _id: message.leadId, deletedAt: null }).lean(),
    Conversation.findById(message.conversationId).lean(),
  ]);
  if (connection?.state === "paused") {
    return { kind: "wait", delayMs: pausedDelayMs, code: "number-paused" };
  }
  if (
    (!lead || !conversation) &&
    (await Lead.exists({ _id: message.leadId, mergedInto: trusted({ $ne: null }) }))
  ) {
    return { kind: "wait", delayMs: mergedDelayMs, code: "lead-merged" };
  }
  try {
    if (!connection || !lead || !conversation)
      throw new CannotSend("The lead or the number is no longer here.");
    if (connection.state === "disconnected")
      throw new CannotSend("The WhatsApp number was disconnected before the message was sent.");
    const reason =
      unwantedReason(lead) ??
      (await withdrawnReason(models, message)) ??
      (await marketingRefusal(models, lead, connection, message.template));
    if (reason !== null) throw new CannotSend(reason);
    if (message.kind !== "template" && !isWindowOpen(conversation, ctx.now())) {
      return await fail(ctx, message, explainError(131_047, null));
    }
    if (isStaleCode(ctx, message)) {
      throw new CannotSend("The one-time code waited for more than 10 minutes. Send a new one.");
    }
    if (await isMediaOnItsWay(ctx, message.mediaIds)) {
      if (isGivenUp(ctx, message)) throw new CannotSend("Its media did not become ready within a day.");
      return { kind: "wait", delayMs: mediaDelayMs, code: "media-not-ready" };
    }
    return await attempt(ctx, { message, connection, lead });
  } catch (error) {
    if (!(error instanceof CannotSend)) throw error;
    return fail(ctx, message, {
      code: null,
      title: "Not sent",
      explanation: error.message,
      retryable: false,
    });
  }
}

interface Sendable {
  readonly message: MessageRecord;
  readonly connection: ConnectionRecord;
  readonly lead: LeadRecord;
}

async function attempt(ctx: TenantContext, { message, connection, lead }: Sendable): Promise<SendResult> {
  const { phoneNumberId } = connection;
  const token = await readToken(ctx.clientCode, phoneNumberId);
  let body: Record<string, unknown>;
  try {
    body = await buildBody(ctx, { message, lead, connection, token });
  } catch (error) {
    if (!(error instanceof GraphCallError)) throw error;
    return settleUpload(ctx, message, connection, error);
  }
  const scope = { connection, message };
  const place = await takePlace(ctx, scope);
  if (place.waitMs > 0) return { kind: "wait", delayMs: place.waitMs, code: "pace" };
  const begun = await beginSending(ctx, message._id);
  if (!begun) return { kind: "settled", status: message.status };
  failpoint("after-message-sending");
  const outcome = concludeSend(await postMessage({ token, phoneNumberId, body }));
  failpoint("after-send-accepted");
  if (place.pairIsSlow && outcome.kind === "accepted") await spaceOutPair(ctx, scope);
  return settle(ctx, begun, connection, outcome);
}

async function settle(
  ctx: TenantContext,
  begun: SendAttempt,
  connection: ConnectionRecord,
  outcome: SendOutcome,
): Promise<SendResult> {
  const { message } = begun;
  const fields = { messageId: message._id.toHexString() };
  switch (outcome.kind) {
    case "accepted":
      await settleSent(ctx, begun, outcome.message.providerMessageId);
      await replayParkedStatuses(ctx, outcome.message.providerMessageId);
      return { kind: "settled", status: "sent" };
    case "refused":
      if (outcome.error.code === marketingStopped) await noteMarketingStop(ctx, message);
      return fail(ctx, message, outcome.error);
    case "unclear":
      ctx.logger.warn("Whether Meta took a message is not known; it is not sent again.", {
        ...fields,
        reason: outcome.reason,
      });
      await settleUnknown(ctx, message);
      return { kind: "settled", status: "unknown" };
    case "account_problem":
      await returnToQueue(ctx, begun);
      await pauseConnection(ctx, connection._id, outcome.reason);
      return { kind: "wait", delayMs: pausedDelayMs, code: `meta-${outcome.code}` };
    case "rate_limited":
      await returnToQueue(ctx, begun);
      return {
        kind: "wait",
        delayMs: await learnLimit(ctx, { connection, message }, outcome.code, outcome.delayMs),
        code: `meta-${outcome.code}`,
      };
    case "not_accepted":
      if (isGivenUp(ctx, message)) return fail(ctx, message, unreachable);
      await returnToQueue(ctx, begun);
      ctx.logger.warn("Meta did not take a message; it is tried again.", {
        ...fields,
        reason: outcome.reason,
      });
      return { kind: "wait", delayMs: outcome.delayMs ?? growing(message, 2), code: outcome.reason };
  }
}

/** Who stopped marketing messages gets no more of them; the status that says so may never come. */
async function noteMarketingStop(ctx: TenantContext, { leadId }: MessageRecord): Promise<void> {
  await commitChange(ctx, (change) =>
    noteMarketingChoiceInChange(change, leadId, { optIn: false, at: change.now }),
  );
}

/** An upload may be repeated freely: only what Meta says for good ends the message. */
async function settleUpload(
  ctx: TenantContext,
  message: MessageRecord,
  connection: ConnectionRecord,
  error: GraphCallError,
): Promise<SendResult> {
  const outcome = error.fault
    ? concludeSend({
        kind: "fault",
        status: error.status ?? 400,
        fault: error.fault,
        retryAfterMs: error.retryAfterMs,
      })
    : null;
  switch (outcome?.kind) {
    case "refused":
      return fail(ctx, message, outcome.error);
    case "account_problem":
      await pauseConnection(ctx, connection._id, outcome.reason);
      return { kind: "wait", delayMs: pausedDelayMs, code: `meta-${outcome.code}` };
    default:
      if (isGivenUp(ctx, message)) return fail(ctx, message, unreachable);
      return { kind: "wait", delayMs: error.retryAfterMs ?? uploadDelayMs, code: "upload-failed" };
  }
}

const uploadDelayMs = 10_000;

async function fail(
  ctx: TenantContext,
  { _id, status, attemptId }: MessageRecord,
  error: NonNullable<MessageRecord["error"]>,
): Promise<SendResult> {
  await settleFailed(ctx, { _id, attemptId, status: status === "sending" ? "sending" : "queued" }, error);
  return { kind: "settled", status: "failed" };
}

const unreachable = {
  code: null,
  title: "WhatsApp not reachable",
  explanation: "WhatsApp could not be reached for a day. Send it again if it is still of use.",
  retryable: true,
};

/** Counted from its storing, or from when a person had it sent again. */
function isGivenUp(ctx: TenantContext, { statusAt, createdAt }: MessageRecord): boolean {
  return ctx.now().getTime() - (statusAt.queued ?? createdAt).getTime() > patienceMs;
}

/** As long as WhatsApp itself tries to deliver one. */
const codeLastsMs = 10 * 60_000;

function isStaleCode(ctx: TenantContext, { content, statusAt, createdAt }: MessageRecord): boolean {
  if (content?.category !== "AUTHENTICATION") return false;
  return ctx.now().getTime() - (statusAt.queued ?? createdAt).getTime() > codeLastsMs;
}

/** Back-off that grows with every try, with half of it left to chance, so that many do not return at once. */
function growing({ attempts }: MessageRecord, base: number): number {
  const longest = Math.min(longestDelayMs, firstDelayMs * base ** Math.min(attempts, 12));
  return Math.round(longest * (0.5 + Math.random() / 2));
}
