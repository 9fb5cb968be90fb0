/**
 * Keeping to Meta's limits, and learning them from its refusals. What is too fast waits in the queue; the wait is of the
 * number, the account or the one recipient that it is about, and holds up nobody else.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/overview#throughput
 */
import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { MessageRecord } from "../../../model/saas/message.schema";
import type { SendPaceRecord } from "../../../model/saas/send.pace.schema";

/** Meta's figure for numbers that it has not raised; for what is sent and received. */
const standardPerSecond = 80;
/** The part of the throughput that is used for sending, and how much of a second may come at once. */
const usedShare = 0.8;
const burstMs = 100;
/** From half of what was too fast back to all of it. */
const recoveryMs = 5 * 60_000;
/** Refusals that are further apart than this are not in a row. */
const calmMs = 5 * 60_000;
/** Meta's: one message in six seconds to one person, after a burst. */
const pairIntervalMs = 6_000;
const keptMs = 60 * 60_000;

export interface PaceScope {
  readonly connection: ConnectionRecord;
  readonly message: Pick<MessageRecord, "conversationId">;
}

export interface Place {
  /** 0: send now. */
  readonly waitMs: number;
  /** The recipient is one that Meta has slowed down lately. */
  readonly pairIsSlow: boolean;
}

/** Messages a second that a number is used for sending with, unless Meta slowed it down. */
export const sendingPerSecond = ({
  messagesPerSecond,
}: Pick<ConnectionRecord, "messagesPerSecond">): number =>
  (messagesPerSecond ?? standardPerSecond) * usedShare;

const numberKey = ({ connection }: PaceScope) => `number:${connection._id.toHexString()}`;
const accountKey = ({ connection }: PaceScope) => `account:${connection.wabaId}`;
const pairKey = ({ message }: PaceScope) => `pair:${message.conversationId.toHexString()}`;

/** Takes a place in the number's throughput for one message, unless something holds it. */
export async function takePlace(ctx: TenantContext, scope: PaceScope): Promise<Place> {
  const { SendPace } = await getCrmModels(ctx.clientCode);
  const now = ctx.now().getTime();
  const keys = [numberKey(scope), accountKey(scope), pairKey(scope)];
  const rows = await SendPace.find({ _id: trusted({ $in: keys }) }).lean();
  const pairIsSlow = rows.some(({ _id }) => _id === pairKey(scope));
  const heldMs = Math.max(0, ...rows.map(({ heldUntil }) => (heldUntil?.getTime() ?? 0) - now));
  if (heldMs > 0) return { waitMs: withChance(heldMs), pairIsSlow };
  const { granted, waitMs } = await reserve(ctx, scope);
  return { waitMs: granted ? 0 : Math.max(1, Math.ceil(waitMs)), pairIsSlow };
}

/** One statement, so that many senders share the number's throughput without a lock. */
async function reserve(ctx: TenantContext, scope: PaceScope): Promise<SendPaceRecord> {
  const { SendPace } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const base = sendingPerSecond(scope.connection);
  const sinceHit = { $subtract: [now, { $ifNull: ["$hitAt", now] }] };
  const recovered = { $add: ["$perSecond", { $multiply: [base / recoveryMs, sinceHit] }] };
  const perSecond = { $min: [base, { $ifNull: [recovered, base] }] };
  const ask = () =>
    SendPace.findOneAndUpdate(
      { _id: numberKey(scope) },
      [
        {
          $set: {
            interval: { $divide: [1_000, perSecond] },
            free: { $max: [{ $ifNull: ["$nextAt", now] }, now] },
            hits: { $ifNull: ["$hits", 0] },
            expireAt: new Date(Date.now() + keptMs),
          },
        },
        { $set: { granted: { $lte: [{ $subtract: ["$free", now] }, burstMs] } } },
        {
          $set: {
            nextAt: { $cond: ["$granted", { $add: ["$free", "$interval"] }, "$nextAt"] },
            tailAt: {
              $cond: [
                "$granted",
                "$tailAt",
                { $add: [{ $max: [{ $ifNull: ["$tailAt", "$free"] }, "$free"] }, "$interval"] },
              ],
            },
          },
        },
        { $set: { waitMs: { $cond: ["$granted", 0, { $subtract: ["$tailAt", now] }] } } },
        { $unset: ["interval", "free"] },
      ],
      { upsert: true, returnDocument: "after", updatePipeline: true },
    ).lean();
  const row = await ask().catch((error: unknown) => {
    // somebody else made the row at the same time
    if (!isDuplicateKey(error)) throw error;
    return ask();
  });
  if (!row) throw new Error("The number's pace returned nothing after an upsert.");
  return row;
}

/**
 * Notes a refusal that says "too fast" and holds what it is about.
 * @param code one of Meta's that pass by waiting
 * @param askedMs Retry-After, where Meta gave one
 * @returns for how long, in ms
 */
export async function learnLimit(
  ctx: TenantContext,
  scope: PaceScope,
  code: number,
  askedMs: number | null,
): Promise<number> {
  const { SendPace } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const { key, firstMs, factor, longestMs } = ruleOf(code, scope);
  const before = await SendPace.findById(key).lean();
  const sinceHit = before?.hitAt ? now.getTime() - before.hitAt.getTime() : Number.POSITIVE_INFINITY;
  const hits = sinceHit < calmMs + longestMs ? (before?.hits ?? 0) : 0;
  const heldMs = askedMs ?? Math.min(longestMs, firstMs * factor ** Math.min(hits, 10));
  const base = sendingPerSecond(scope.connection);
  const current = Math.min(
    base,
    (before?.perSecond ?? base) + (base * Math.min(sinceHit, recoveryMs)) / recoveryMs,
  );
  // those that were on their way together learn it once
  const isNews = sinceHit > firstMs;
  const slower = code === tooFast && isNews ? { perSecond: Math.max(1, current / 2) } : {};
  await SendPace.updateOne(
    { _id: key },
    {
      $set: {
        hitAt: now,
        hits: isNews ? hits + 1 : hits,
        expireAt: new Date(Date.now() + keptMs),
        ...slower,
      },
      $max: { heldUntil: new Date(now.getTime() + heldMs) },
    },
    { upsert: true },
  );
  return withChance(heldMs);
}

/** A recipient that Meta slowed down gets one message in six seconds from then on. */
export async function spaceOutPair(ctx: TenantContext, scope: PaceScope): Promise<void> {
  const { SendPace } = await getCrmModels(ctx.clientCode);
  const heldUntil = new Date(ctx.now().getTime() + pairIntervalMs);
  await SendPace.updateOne({ _id: pairKey(scope) }, { $set: { heldUntil, hits: 0 } });
}

const tooFast = 130_429;

interface LimitRule {
  readonly key: string;
  readonly firstMs: number;
  readonly factor: number;
  readonly longestMs: number;
}

function ruleOf(code: number, scope: PaceScope): LimitRule {
  switch (code) {
    case 131_056:
      return { key: pairKey(scope), firstMs: 1_000, factor: 4, longestMs: 256_000 };
    case tooFast:
      return { key: numberKey(scope), firstMs: 1_000, factor: 2, longestMs: 60_000 };
    case 131_057:
      return { key: numberKey(scope), firstMs: 60_000, factor: 2, longestMs: 300_000 };
    default:
      // of the account or the app: 80007, 4
      return { key: accountKey(scope), firstMs: 60_000, factor: 2, longestMs: 900_000 };
  }
}

/** A fifth of it is left to chance, so that many do not return at once. */
function withChance(ms: number): number {
  return Math.ceil(ms * (1 + Math.random() / 5));
}
