/** What a merge leaves for later: the rows beyond the first slice, and what somebody wrote in the very moment. */
import { Types, trusted } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { leftBehindAfterMs } from "../../../lib/tenant/mark.active";
import type { LeadMerging } from "../../../model/saas/lead.schema";
import { moveSlice } from "./merge.rows";
import type { Move } from "./merge.runs";

/** Rows that one transaction moves. MongoDB advises against more than 1,000 changes in one. */
export const sliceRows = 500;

/** A transaction that began before the merge ends within this time; what it wrote is found afterwards. */
const lateWritesMs = 60_000;

/** The move of a merge by what its lead remembers. */
export function moveOf(
  from: Types.ObjectId,
  to: Types.ObjectId,
  conversations: LeadMerging["conversations"],
): Move {
  const became = new Map(conversations.map((pair) => [pair.from.toHexString(), pair.to]));
  return { from, to, conversationOf: (id) => became.get(id.toHexString()) ?? id };
}

/** Asks the queue to move what is left: now, or once late writers have ended. */
export async function enqueueMerge(
  ctx: TenantContext,
  leadId: Types.ObjectId,
  when: "now" | "later",
): Promise<void> {
  await enqueue({
    type: "lead.merge",
    payload: { clientCode: ctx.clientCode, leadId: leadId.toHexString() },
    requestId: ctx.requestId,
    key: leadId.toHexString(),
    ...(when === "later" ? { delayMs: lateWritesMs } : {}),
  });
}

/** What a go at the rest of a merge came to. */
export interface MergeProgress {
  readonly moved: number;
  /** Set while late writers may still add rows: when to look again, in ms from now. */
  readonly lookAgainMs: number | null;
}

/**
 * Moves what is left of a merged lead, slice by slice; each is a transaction, so that a crash loses none of it and the
 * next try goes on. A lead that is not being merged has nothing to move.
 */
export async function continueMerge(
  ctx: TenantContext,
  leadId: string,
  signal: AbortSignal,
): Promise<MergeProgress> {
  let total = 0;
  for (;;) {
    signal.throwIfAborted();
    const { moved, lookAgainMs } = await commitChange(ctx, (change) => moveNext(ctx, change, leadId));
    total += moved;
    if (moved < sliceRows) return { moved: total, lookAgainMs };
  }
}

async function moveNext(ctx: TenantContext, change: Change, leadId: string): Promise<MergeProgress> {
  const { Lead } = change.models;
  const { session, now } = change;
  const lead = await Lead.findById(new Types.ObjectId(leadId)).session(session).lean();
  if (!lead?.mergedInto || !lead.merging) return { moved: 0, lookAgainMs: null };
  const { since, conversations } = lead.merging;
  const moved = await moveSlice(ctx, change, moveOf(lead._id, lead.mergedInto, conversations), sliceRows);
  const late = since.getTime() + lateWritesMs - now.getTime();
  if (moved < sliceRows && late <= 0)
    await Lead.updateOne({ _id: lead._id }, { $set: { merging: null } }, { session });
  return { moved, lookAgainMs: late > 0 ? late : null };
}

/** Takes up merges whose job a crash kept from being enqueued. */
export async function sweepMerges(ctx: TenantContext): Promise<{ taken: number }> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  const before = new Date(ctx.now().getTime() - leftBehindAfterMs);
  const left = await Lead.find({ "merging.since": trusted({ $gt: new Date(0), $lt: before }) })
    .select({ _id: 1 })
    .limit(100)
    .lean();
  for (const { _id } of left) await enqueueMerge(ctx, _id, "now");
  return { taken: left.length };
}
