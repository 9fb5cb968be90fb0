/** Conversations that sleep until a time, or until the customer writes. */
import { Types, trusted } from "mongoose";
import { keysWithJob } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { followSnooze, saveConversation } from "./conversation.record";

const hourMs = 60 * 60_000;
const longestMs = 366 * 24 * hourMs;
/** Beyond the next daily sweep: what wakes later is looked at by that one. */
const horizonMs = 25 * hourMs;
const batch = 500;

/** @throws AppError validation-failed at `pointer` for a time that is over, or more than a year ahead. */
export function snoozeTime(until: string, now: Date, pointer: string): Date {
  const time = new Date(until);
  const aheadMs = time.getTime() - now.getTime();
  if (aheadMs > 0 && aheadMs <= longestMs) return time;
  const detail = "must lie ahead, by a year at most";
  throw invalidRequest([{ pointer, code: "invalid-value", detail }]);
}

/**
 * Opens a conversation whose time has come. One that was opened, resolved or snoozed anew is left alone.
 * @returns when to look again, for one that sleeps longer
 */
export async function wakeConversation(ctx: TenantContext, id: string): Promise<{ dueInMs: number | null }> {
  return commitChange(ctx, async (change) => {
    const { Conversation } = change.models;
    const asleep = await Conversation.findById(new Types.ObjectId(id)).session(change.session).lean();
    if (asleep?.status !== "snoozed" || asleep.snoozedUntil === null) return { dueInMs: null };
    if (asleep.snoozedUntil > change.now)
      return { dueInMs: asleep.snoozedUntil.getTime() - change.now.getTime() };
    await saveConversation(ctx, change, asleep, { ...asleep, status: "open", snoozedUntil: null });
    return { dueInMs: null };
  });
}

/** Gives conversations that wake soon their job again, where a crash came before it. */
export async function sweepSnoozed(ctx: TenantContext): Promise<{ taken: number }> {
  const { Conversation } = await getCrmModels(ctx.clientCode);
  const until = new Date(ctx.now().getTime() + horizonMs);
  const due = await Conversation.find({ snoozedUntil: trusted({ $gt: new Date(0), $lte: until }) })
    .sort({ snoozedUntil: 1 })
    .limit(batch)
    .lean();
  const withJob = await keysWithJob(
    ctx.clientCode,
    "conversation.wake",
    due.map(({ _id }) => _id.toHexString()),
  );
  const left = due.filter(({ _id }) => !withJob.has(_id.toHexString()));
  for (const conversation of left) await followSnooze(ctx, conversation);
  return { taken: left.length };
}
