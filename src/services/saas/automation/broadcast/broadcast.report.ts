/** How far a broadcast is and what became of it, counted from index keys. */
import { trusted } from "mongoose";
import * as z from "zod";
import type { BroadcastReport } from "../../../../contracts/broadcast.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { explainError } from "../../../../lib/whatsapp/error.catalog";
import { findBroadcast } from "./broadcast.service";

const messageCounts = z.array(
  z.object({
    _id: z.object({ status: z.string(), code: z.number().nullable().optional(), taken: z.boolean() }),
    count: z.number(),
  }),
);
const personCounts = z.array(
  z.object({ _id: z.object({ state: z.string(), code: z.string() }), count: z.number() }),
);

/** @throws AppError not-found. */
export async function reportBroadcast(ctx: TenantContext, id: string): Promise<BroadcastReport> {
  const { _id: broadcastId, recipients: all } = await findBroadcast(ctx, id);
  const { BroadcastRecipient, Message } = await getCrmModels(ctx.clientCode);
  const [people, messages, replied] = await Promise.all([
    BroadcastRecipient.aggregate([
      { $match: { broadcastId } },
      { $group: { _id: { state: "$state", code: "$code" }, count: { $sum: 1 } } },
    ])
      .hint("outcome")
      .then((rows) => personCounts.parse(rows)),
    Message.aggregate([
      { $match: { "sender.broadcastId": broadcastId } },
      {
        $group: {
          _id: { status: "$status", code: "$error.code", taken: { $gt: ["$statusAt.sent", null] } },
          count: { $sum: 1 },
        },
      },
    ])
      .hint("broadcast")
      .then((rows) => messageCounts.parse(rows)),
    BroadcastRecipient.countDocuments({ broadcastId, repliedAt: trusted({ $gt: new Date(0) }) }),
  ]);
  const persons = (state: string) => sum(people.filter(({ _id }) => _id.state === state));
  const inStatus = (...statuses: string[]) =>
    sum(messages.filter(({ _id }) => statuses.includes(_id.status)));
  const failed = messages.filter(({ _id }) => _id.status === "failed");
  const pending = persons("pending");
  const recipients = sum(people);
  return {
    recipients,
    pending,
    skipped: persons("skipped"),
    handedOver: persons("sent"),
    progress: all === null ? 0 : 1 - pending / Math.max(1, recipients),
    queued: inStatus("queued", "sending"),
    accepted: inStatus("sent", "delivered", "read", "played") + sum(failed.filter(({ _id }) => _id.taken)),
    delivered: inStatus("delivered", "read", "played"),
    read: inStatus("read", "played"),
    failed: sum(failed),
    unknown: inStatus("unknown"),
    replied,
    failedByCode: [...countBy(failed, ({ code }) => code ?? null)].map(([code, count]) => ({
      code,
      title: code === null ? "Not sent" : explainError(code, null).title,
      count,
    })),
    skippedByCode: people
      .filter(({ _id }) => _id.state === "skipped")
      .map(({ _id, count }) => ({ code: _id.code, count }))
      .sort((a, b) => b.count - a.count),
  };
}

const sum = (rows: readonly { count: number }[]): number =>
  rows.reduce((total, { count }) => total + count, 0);

/** Most first. */
function countBy<R extends { _id: object; count: number }, K>(
  rows: readonly R[],
  key: (id: R["_id"]) => K,
): [K, number][] {
  const counts = new Map<K, number>();
  for (const { _id, count } of rows) counts.set(key(_id), (counts.get(key(_id)) ?? 0) + count);
  return [...counts].sort(([, a], [, b]) => b - a);
}
