/** How many messages a broadcast may hand over now: as fast as its number sends, and within Meta's limit of a day. */
import { trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { BroadcastRecord } from "../../../../model/saas/broadcast.schema";
import type { ConnectionRecord } from "../../../../model/saas/connection.schema";
import { sendingPerSecond } from "../../whatsapp/send.pace";

/** So much is handed over ahead: what people write by hand waits behind it no longer than this. */
const aheadSeconds = 2;
const leastAhead = 4;
const dayMs = 24 * 60 * 60_000;
/** The rest of the day's limit is for what rules and people send. */
const usedShare = 0.9;
const leastWaitMs = 60_000;

export type Hold = NonNullable<BroadcastRecord["hold"]>;
export type Room =
  | { readonly kind: "room"; readonly count: number }
  | { readonly kind: "held"; readonly hold: Hold };

/**
 * What is handed over and not sent yet takes room: a number that Meta slowed down, or that is paused, is handed less,
 * or nothing.
 */
export async function roomFor(
  ctx: TenantContext,
  broadcast: Pick<BroadcastRecord, "_id">,
  connection: ConnectionRecord,
): Promise<Room> {
  if (connection.state === "paused") {
    const detail = `The WhatsApp number is paused. ${connection.pausedReason ?? ""}`.trim();
    return { kind: "held", hold: { code: "number-paused", detail, until: null } };
  }
  const { Message } = await getCrmModels(ctx.clientCode);
  const waiting = await Message.countDocuments({
    "sender.broadcastId": broadcast._id,
    status: trusted({ $in: ["queued", "sending"] }),
  });
  const ahead = Math.max(leastAhead, Math.floor(sendingPerSecond(connection) * aheadSeconds));
  const room = ahead - waiting;
  if (room <= 0) return { kind: "room", count: 0 };
  const day = await leftOfDay(ctx, connection);
  return day.left > 0 ? { kind: "room", count: Math.min(room, day.left) } : { kind: "held", hold: day.hold };
}

/**
 * Meta lets a business begin conversations with so many people in any 24 hours, over all its numbers.
 * @see https://developers.facebook.com/docs/whatsapp/messaging-limits
 */
async function leftOfDay(
  ctx: TenantContext,
  { messagingLimit }: ConnectionRecord,
): Promise<{ left: number; hold: Hold }> {
  const now = ctx.now();
  const limit = limitOf(messagingLimit ?? null);
  const hold = (until: Date | null): Hold => ({
    code: "daily-limit",
    detail: `WhatsApp lets this business write to ${limit} people in 24 hours first. It goes on as soon as there is room.`,
    until,
  });
  if (limit === null) return { left: Number.POSITIVE_INFINITY, hold: hold(null) };
  const { BroadcastRecipient } = await getCrmModels(ctx.clientCode);
  const lately = { sentAt: trusted({ $gt: new Date(now.getTime() - dayMs) }) };
  const left = Math.floor(limit * usedShare) - (await BroadcastRecipient.countDocuments(lately));
  if (left > 0) return { left, hold: hold(null) };
  const oldest = await BroadcastRecipient.findOne(lately).sort({ sentAt: 1 }).select({ sentAt: 1 }).lean();
  const until = (oldest?.sentAt?.getTime() ?? now.getTime()) + dayMs;
  return { left, hold: hold(new Date(Math.max(until, now.getTime() + leastWaitMs))) };
}

/** `TIER_250`, `TIER_1K`, `TIER_UNLIMITED`. @returns null when there is none, or none that is known. */
function limitOf(word: string | null): number | null {
  const [, digits, thousands] = /^TIER_(\d+)(K?)$/.exec(word ?? "") ?? [];
  return digits === undefined ? null : Number(digits) * (thousands === "K" ? 1_000 : 1);
}
