import type { Broadcast, BroadcastRecipient } from "../../../../contracts/broadcast.contract";
import type { Change } from "../../../../lib/tenant/commit.change";
import type { BroadcastRecipientRecord, BroadcastRecord } from "../../../../model/saas/broadcast.schema";

/** The broadcast as the API shows it. */
export function toBroadcast(record: BroadcastRecord): Broadcast {
  const time = (at: Date | null) => at?.toISOString() ?? null;
  return {
    id: record._id.toHexString(),
    version: record.version,
    name: record.name,
    state: record.state,
    template: record.template,
    audience: record.audience,
    connectionId: record.connectionId?.toHexString() ?? null,
    sendWindow: record.sendWindow,
    frequencyCap: record.frequencyCap,
    requireOptIn: record.requireOptIn,
    hold: record.hold && { ...record.hold, until: time(record.hold.until) },
    recipients: record.recipients,
    startAt: time(record.startAt),
    startedAt: time(record.startedAt),
    endedAt: time(record.endedAt),
    createdBy: record.createdBy,
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}

/** One person of it as the API shows them. */
export function toRecipient(record: BroadcastRecipientRecord): BroadcastRecipient {
  return {
    leadId: record.leadId.toHexString(),
    state: record.state,
    code: record.code === "" ? null : record.code,
    detail: record.detail,
    dueAt: record.state === "pending" ? (record.dueAt?.toISOString() ?? null) : null,
    messageId: record.messageId?.toHexString() ?? null,
    sentAt: record.sentAt?.toISOString() ?? null,
    repliedAt: record.repliedAt?.toISOString() ?? null,
  };
}

/** Notes that a broadcast is another now. */
export function tellOfBroadcast(
  change: Change,
  { _id, state, hold }: Pick<BroadcastRecord, "_id" | "state" | "hold">,
): void {
  change.record({
    type: "broadcast_updated",
    subject: { broadcastId: _id.toHexString() },
    data: { state, holdCode: hold?.code ?? null },
  });
}
