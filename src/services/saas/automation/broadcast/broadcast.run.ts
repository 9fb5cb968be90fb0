/**
 * The job of a broadcast: some seconds of it, then again from where it stands. It notes who gets it, and then hands
 * messages over no faster than the number sends them, so that stopping stops, and others are not held up.
 */
import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { commitChange } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { markTenantActive } from "../../../../lib/tenant/mark.active";
import type { BroadcastRecipientRecord, BroadcastRecord } from "../../../../model/saas/broadcast.schema";
import { readSettings } from "../../crm/settings.read";
import { searchOf } from "../audience";
import { type RuleScope, readLeadScopes } from "../scope";
import { gatherPage } from "./broadcast.gather";
import {
  BroadcastBlocked,
  BroadcastHalted,
  judgeRecipient,
  putOffRecipient,
  sendToRecipient,
  skipRecipient,
} from "./broadcast.recipient";
import { tellOfBroadcast } from "./broadcast.record";
import { type Hold, roomFor } from "./broadcast.room";

const turnMs = 10_000;
const chunk = 50;
/** People who are served side by side. */
const side = 4;
/** The number sends what was handed over; so much later there is room again. */
const busyMs = 500;
/** Counting who is left looks at all of them, so it is not done with every chunk. */
const toldEachMs = 2_000;
/** Whoever changes what it waits for (a window, a limit, a number) is noticed after this. */
const longestWaitMs = 30_000;

export interface BroadcastJob {
  readonly signal: AbortSignal;
  progress(fraction: number): Promise<void>;
}

/** @returns after how many ms to go on; undefined when there is nothing to do any more. */
export async function runBroadcast(
  ctx: TenantContext,
  id: string,
  job: BroadcastJob,
): Promise<number | undefined> {
  // What a turn writes are no changes that mark the tenant: from here on the sweep finds what a crash leaves.
  await markTenantActive(ctx.clientCode);
  const begun = await begin(ctx, new Types.ObjectId(id));
  if (begun === undefined || typeof begun === "number") return begun;
  let broadcast = begun;
  const ends = performance.now() + turnMs;
  const isOver = () => job.signal.aborted || performance.now() > ends;
  try {
    while (broadcast.recipients === null) {
      if (isOver()) return 0;
      broadcast = await gatherPage(ctx, broadcast);
    }
    for (let toldAt = performance.now(); !isOver(); ) {
      const waitMs = await sendChunk(ctx, broadcast);
      if (waitMs === "done") return undefined;
      if (waitMs > 0) return waitMs;
      if (performance.now() - toldAt < toldEachMs) continue;
      await job.progress(await fractionOf(ctx, broadcast));
      toldAt = performance.now();
    }
    return 0;
  } catch (error) {
    if (error instanceof BroadcastHalted) return 0;
    // A field that the search names may be gone by now; trying again would not bring it back.
    const cause = error instanceof BroadcastBlocked ? error.cause : error;
    if (!isLasting(cause)) throw error;
    await pauseByItself(ctx, broadcast, cause);
    return undefined;
  }
}

/** @returns the broadcast when it runs, else when to look again. */
async function begin(ctx: TenantContext, _id: Types.ObjectId): Promise<BroadcastRecord | number | undefined> {
  const models = await getCrmModels(ctx.clientCode);
  const record = await models.Broadcast.findById(_id).lean();
  if (record?.state === "stopped") await settleStopped(ctx, record);
  if (record?.state === "scheduled") {
    const left = (record.startAt?.getTime() ?? 0) - ctx.now().getTime();
    if (left > 0) return left;
    return begin(ctx, await move(ctx, record, { state: "running", startedAt: ctx.now() }));
  }
  if (record?.state !== "running") return undefined;
  if (record.search) return record;
  try {
    const search = await searchOf(ctx, models, record.audience, "/audience");
    await models.Broadcast.updateOne({ _id, search: null }, { $set: { search } });
    return { ...record, search };
  } catch (error) {
    if (!isLasting(error)) throw error;
    await pauseByItself(ctx, record, error);
    return undefined;
  }
}

/** @returns how long to wait before the next one; `done` when everybody had their turn. */
async function sendChunk(ctx: TenantContext, broadcast: BroadcastRecord): Promise<number | "done"> {
  const models = await getCrmModels(ctx.clientCode);
  const { _id: broadcastId } = broadcast;
  const connection = await models.Connection.findById(broadcast.connectionId).lean();
  if (!connection || connection.state === "disconnected")
    throw new BroadcastBlocked(
      new AppError(
        "invalid-state",
        "The WhatsApp number is no longer connected. Connect it again, then resume.",
      ),
    );
  const next = await models.BroadcastRecipient.findOne({ broadcastId, state: "pending" })
    .sort({ dueAt: 1 })
    .lean();
  if (!next) return finish(ctx, broadcast);
  const now = ctx.now();
  if (next.dueAt && next.dueAt.getTime() > now.getTime())
    return holdUntil(ctx, broadcast, { code: next.code, detail: waitsFor(next.code), until: next.dueAt });
  const room = await roomFor(ctx, broadcast, connection);
  if (room.kind === "held") return holdUntil(ctx, broadcast, room.hold);
  if (room.count === 0) return busyMs;
  const due = await models.BroadcastRecipient.find({
    broadcastId,
    state: "pending",
    dueAt: trusted({ $lte: now }),
  })
    .sort({ dueAt: 1 })
    .limit(Math.min(chunk, room.count))
    .lean();
  await serve(ctx, broadcast, due);
  await note(ctx, broadcast, null);
  return 0;
}

async function serve(
  ctx: TenantContext,
  broadcast: BroadcastRecord,
  recipients: BroadcastRecipientRecord[],
): Promise<void> {
  const models = await getCrmModels(ctx.clientCode);
  const settings = await readSettings(models);
  const leads = await models.Lead.find({
    _id: trusted({ $in: recipients.map(({ leadId }) => leadId) }),
  }).lean();
  const scopes = await readLeadScopes(ctx, leads);
  const byLead = new Map(
    leads.map((lead, index): [string, { lead: typeof lead; scope: RuleScope | undefined }] => [
      lead._id.toHexString(),
      { lead, scope: scopes[index] },
    ]),
  );
  const left = [...recipients];
  const work = async () => {
    for (let each = left.shift(); each; each = left.shift()) {
      const known = byLead.get(each.leadId.toHexString());
      const verdict = await judgeRecipient(ctx, broadcast, known?.lead, settings);
      if (verdict.kind === "skip") await skipRecipient(ctx, each._id, verdict);
      else if (verdict.kind === "wait") await putOffRecipient(ctx, each._id, verdict);
      else if (known?.scope) await sendToRecipient(ctx, broadcast, each, known.scope);
    }
  };
  const workers = Array.from({ length: side }, () =>
    work().finally(() => {
      // Where one cannot go on, nobody can; whoever is left has their turn later.
      left.length = 0;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

const waits: Readonly<Record<string, string>> = {
  outside_send_window: "Everybody who is left waits for the send window.",
  frequency_cap: "Everybody who is left was written to often enough; it goes on when the cap allows.",
};
const waitsFor = (code: string): string => waits[code] ?? "Everybody who is left has to wait.";

async function holdUntil(ctx: TenantContext, broadcast: BroadcastRecord, hold: Hold): Promise<number> {
  await note(ctx, broadcast, hold);
  const left = hold.until ? hold.until.getTime() - ctx.now().getTime() : longestWaitMs;
  return Math.max(busyMs, Math.min(left, longestWaitMs));
}

/** Shows what holds it up. No change of the tenant's: it comes and goes by itself. */
async function note(ctx: TenantContext, { _id }: BroadcastRecord, hold: Hold | null): Promise<void> {
  const { Broadcast } = await getCrmModels(ctx.clientCode);
  await Broadcast.updateOne({ _id, state: "running" }, { $set: { hold, updatedAt: ctx.now() } });
}

async function fractionOf(ctx: TenantContext, { _id, recipients }: BroadcastRecord): Promise<number> {
  const { BroadcastRecipient } = await getCrmModels(ctx.clientCode);
  const pending = await BroadcastRecipient.countDocuments({ broadcastId: _id, state: "pending" });
  return 1 - pending / Math.max(1, recipients ?? 1);
}

async function finish(ctx: TenantContext, broadcast: BroadcastRecord): Promise<"done"> {
  await move(ctx, broadcast, { state: "done", hold: null, endedAt: ctx.now() });
  return "done";
}

/** People who have not had their turn are left out; doing it again changes nothing. */
async function settleStopped(ctx: TenantContext, { _id, endedAt }: BroadcastRecord): Promise<void> {
  if (endedAt) return;
  const { Broadcast, BroadcastRecipient } = await getCrmModels(ctx.clientCode);
  await BroadcastRecipient.updateMany(
    { broadcastId: _id, state: "pending" },
    { $set: { state: "skipped", code: "stopped", detail: "The broadcast was stopped before their turn." } },
  );
  const recipients = await BroadcastRecipient.countDocuments({ broadcastId: _id });
  await Broadcast.updateOne({ _id, state: "stopped" }, { $set: { recipients, endedAt: ctx.now() } });
}

/** Whether somebody has to change something before another try makes sense. */
function isLasting(error: unknown): error is AppError {
  return error instanceof AppError && error.status < 500 && error.status !== 429;
}

async function pauseByItself(ctx: TenantContext, broadcast: BroadcastRecord, why: AppError): Promise<void> {
  const hold = { code: why.code, detail: why.detail, until: null };
  await move(ctx, broadcast, { state: "paused", hold });
  ctx.logger.warn("A broadcast paused by itself.", {
    broadcastId: broadcast._id.toHexString(),
    code: why.code,
  });
}

/** From the state it was read in to another; whoever steered it meanwhile wins. */
async function move(
  ctx: TenantContext,
  { _id, state }: BroadcastRecord,
  fields: Partial<BroadcastRecord>,
): Promise<Types.ObjectId> {
  await commitChange(ctx, async (change) => {
    const moved = await change.models.Broadcast.findOneAndUpdate(
      { _id, state },
      { $set: { ...fields, updatedAt: change.now }, $inc: { version: 1 } },
      { session: change.session, returnDocument: "after" },
    ).lean();
    if (moved) tellOfBroadcast(change, moved);
  });
  return _id;
}
