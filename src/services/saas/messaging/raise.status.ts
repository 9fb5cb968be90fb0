import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { MessageError, MessageRecord, MessageStatus } from "../../../model/saas/message.schema";
import { subjectOf } from "./message.subject";
import { applyReactionsInChange } from "./reactions";
import { relateMessageInChange } from "./relate.message";

export type WebhookStatus = "sent" | "failed" | "delivered" | "read" | "played";

/** Meta's word counts by rank, from any of our own states: what is known to have happened is never taken back. */
const ranks: Record<MessageStatus, number> = {
  queued: 0,
  sending: 0,
  unknown: 0,
  received: 0,
  sent: 1,
  failed: 2,
  delivered: 3,
  read: 4,
  played: 5,
};

export interface StatusReport {
  readonly status: WebhookStatus;
  /** Meta's own time. */
  readonly at: Date;
  readonly providerMessageId: string;
  readonly error: MessageError | null;
  readonly pricing: Record<string, unknown> | null;
}

/**
 * Takes in a status of Meta's. Every status keeps its own time; the message's state only rises. In whatever order and
 * however often they come, the same statuses end the same.
 */
export async function raiseStatusInChange(
  ctx: TenantContext,
  change: Change,
  message: MessageRecord,
  report: StatusReport,
): Promise<void> {
  const { status, at } = report;
  if (isOfFailedAttempt(message, report)) return;
  const rises = ranks[status] > ranks[message.status];
  await change.models.Message.updateOne(
    { _id: message._id },
    {
      $set: {
        [`statusAt.${status}`]: at,
        "provider.messageId": report.providerMessageId,
        updatedAt: change.now,
        ...(rises ? { status } : {}),
        ...(report.error ? { error: report.error } : {}),
        ...pricingOf(message, report),
      },
      $inc: { version: 1 },
    },
    { session: change.session },
  );
  if (message.provider.messageId === null) {
    const provider = { ...message.provider, messageId: report.providerMessageId };
    await relateMessageInChange(ctx, change, { ...message, provider });
  }
  if (!rises) return;
  if (message.kind === "reaction" && status === "failed") await applyReactionsInChange(change, message);
  if (ranks[message.status] === 0 && status !== "failed") recordSent(change, message);
  change.record({
    type: "message_status",
    subject: subjectOf(message),
    data: { status, errorCode: report.error?.code ?? null },
    changes: { status: { from: message.status, to: status } },
    occurredAt: at,
    chain: message.chain ?? null,
  });
}

/** A message that failed and is being sent again is not `sent` because its failed attempt once was. */
function isOfFailedAttempt(message: MessageRecord, { status, at }: StatusReport): boolean {
  const { failed } = message.statusAt;
  return ranks[message.status] === 0 && status === "sent" && failed !== undefined && at <= failed;
}

/**
 * Notes that Meta has taken a message: told once, by our own record of the answer or by the first status.
 * @param message as it was before; one that is sent again was told of then.
 */
export function recordSent(change: Change, message: MessageRecord): void {
  const { sent, delivered, read, played } = message.statusAt;
  if (sent ?? delivered ?? read ?? played) return;
  change.record({
    id: `message_sent:${message._id.toHexString()}`,
    type: "message_sent",
    subject: subjectOf(message),
    data: { kind: message.kind, sender: senderOf(message) },
    chain: message.chain ?? null,
  });
}

/** Of a rule's message also its run, which must not take it for somebody else's. */
function senderOf({ sender: { type, runId } }: MessageRecord): Record<string, string> {
  return { type, ...(runId ? { runId: runId.toHexString() } : {}) };
}

/** Prices come with `sent` and again with one later status; the one of the higher status stays. */
function pricingOf(message: MessageRecord, { status, pricing }: StatusReport): Partial<MessageRecord> {
  if (!pricing) return {};
  const known = Object.entries(ranks).find(([word]) => word === message.pricing?.status)?.[1] ?? -1;
  return ranks[status] >= known ? { pricing: { ...pricing, status } } : {};
}
