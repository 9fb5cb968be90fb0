/** People steer broadcasts: start, pause, go on, stop. Each of them asked again answers the same. */
import { Types } from "mongoose";
import type { Broadcast } from "../../../../contracts/broadcast.contract";
import { enqueue } from "../../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { BroadcastRecord } from "../../../../model/saas/broadcast.schema";
import { invalidState, notFound } from "../../crm/crm.problem";
import { chooseConnection } from "../../messaging/open.conversation";
import { searchOf } from "../audience";
import { requireTemplate } from "./broadcast.check";
import { tellOfBroadcast, toBroadcast } from "./broadcast.record";
import { findBroadcast } from "./broadcast.service";

type State = BroadcastRecord["state"];

/**
 * Starts a draft now, or at a time; whom it is for is found out then.
 * @throws AppError not-found, invalid-state, invalid-reference, template-not-sendable, missing-variable: what would fail for everybody
 */
export async function startBroadcast(
  ctx: TenantContext,
  { id, at }: { id: string; at?: string | undefined },
): Promise<Broadcast> {
  await searchOf(
    ctx,
    await getCrmModels(ctx.clientCode),
    (await findBroadcast(ctx, id)).audience,
    "/audience",
  );
  return steer(ctx, id, ["draft"], ["scheduled", "running"], async (change, record) => {
    const connection = await chooseConnection(change, record.connectionId?.toHexString());
    await requireTemplate(change, connection, record.template);
    const startAt = at === undefined ? change.now : new Date(at);
    const isLater = startAt.getTime() > change.now.getTime();
    return {
      state: isLater ? "scheduled" : "running",
      connectionId: connection._id,
      startAt,
      startedAt: isLater ? null : change.now,
    };
  });
}

/** Hands no further message over; those that were handed over go. @throws AppError not-found, invalid-state. */
export function pauseBroadcast(ctx: TenantContext, id: string): Promise<Broadcast> {
  return steer(ctx, id, ["running"], ["paused"], async () => ({ state: "paused", hold: null }));
}

/** Goes on where it stands. @throws AppError not-found, invalid-state, template-not-sendable. */
export function resumeBroadcast(ctx: TenantContext, id: string): Promise<Broadcast> {
  return steer(ctx, id, ["paused"], ["running"], async (change, record) => {
    const connection = await chooseConnection(change, record.connectionId?.toHexString());
    await requireTemplate(change, connection, record.template);
    return { state: "running", hold: null };
  });
}

/** Ends it: whoever has not had their turn is left out, and messages that were not sent yet are not sent. */
export function stopBroadcast(ctx: TenantContext, id: string): Promise<Broadcast> {
  return steer(ctx, id, ["scheduled", "running", "paused"], ["stopped"], async (change, { startedAt }) => ({
    state: "stopped",
    hold: null,
    // Nobody was found yet, so there is nobody to be left out.
    ...(startedAt === null ? { recipients: 0, endedAt: change.now } : {}),
  }));
}

async function steer(
  ctx: TenantContext,
  id: string,
  from: readonly State[],
  already: readonly State[],
  to: (change: Change, record: BroadcastRecord) => Promise<Partial<BroadcastRecord>>,
): Promise<Broadcast> {
  return commitChange(ctx, async (change) => {
    const { Broadcast } = change.models;
    const record = await Broadcast.findById(new Types.ObjectId(id)).session(change.session).lean();
    if (!record) throw notFound("broadcast");
    if (already.includes(record.state)) return toBroadcast(record);
    if (!from.includes(record.state))
      throw invalidState(
        `The broadcast is ${record.state}; only one that is ${from.join(" or ")} takes this.`,
      );
    const fields = await to(change, record);
    const saved = { ...record, ...fields, version: record.version + 1, updatedAt: change.now };
    await Broadcast.replaceOne({ _id: record._id }, saved, { session: change.session });
    tellOfBroadcast(change, saved);
    if (saved.state !== "paused") change.afterCommit(() => enqueueBroadcast(ctx, saved));
    return toBroadcast(saved);
  });
}

/** Has the queue go on with it; the same job again is no second one. */
export async function enqueueBroadcast(
  ctx: TenantContext,
  { _id, state, startAt }: Pick<BroadcastRecord, "_id" | "state" | "startAt">,
): Promise<void> {
  const broadcastId = _id.toHexString();
  await enqueue({
    type: "broadcast.run",
    payload: { clientCode: ctx.clientCode, broadcastId },
    requestId: ctx.requestId,
    key: broadcastId,
    ...(state === "scheduled" && startAt ? { runAt: startAt } : {}),
  });
}
