import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { WebhookEventRecord } from "../../../model/saas/webhook.event.schema";
import { webhookKinds } from "./inbound";
import { unusedReason } from "./inbound/unused.fields";
import { type InboundOutcome, ignored } from "./inbound/webhook.kind";
import { returnMovedItems } from "./moved.items";
import { raiseAlert } from "./raise.alert";

const keepDays = 30;
const dayMs = 24 * 60 * 60_000;
/** Two messages that create the same row at once: one of them has to look again. */
const collisions = 3;

export interface ProcessReport {
  readonly processed: number;
  readonly ignored: number;
  /** Waiting for something that has not come yet, e.g. the message of a status. */
  readonly parked: number;
  readonly failed: number;
}

/**
 * Processes stored webhook items that are still `received`, in the order of their arrival. One that fails costs only
 * itself: it stays `received` for the next attempt, or with `lastAttempt` is marked `failed` with its reason, and an
 * alert tells a person.
 * @throws AggregateError when some failed and may be tried again.
 */
export async function processWebhookEvents(
  ctx: TenantContext,
  ids: readonly string[],
  options: { readonly lastAttempt: boolean; readonly signal?: AbortSignal },
): Promise<ProcessReport> {
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  const stored = await WebhookEvent.find({
    _id: trusted({ $in: ids.map((id) => new Types.ObjectId(id)) }),
    state: "received",
  })
    .sort({ _id: 1 })
    .lean();
  const events = await returnMovedItems(ctx, stored);
  const report = { processed: 0, ignored: 0, parked: 0, failed: 0 };
  const done: Types.ObjectId[] = [];
  const errors: unknown[] = [];
  for (const event of events) {
    if (options.signal?.aborted) break;
    try {
      const outcome = await handleOrPark(ctx, event);
      report[outcome.state] += 1;
      if (outcome.state === "processed") done.push(event._id);
      if (outcome.state === "ignored") await settle(ctx, event._id, "ignored", outcome.reason);
    } catch (error) {
      report.failed += 1;
      errors.push(error);
      await noteFailure(ctx, event, error, options.lastAttempt);
    }
  }
  await settleProcessed(ctx, done);
  options.signal?.throwIfAborted();
  if (errors.length > 0 && !options.lastAttempt) {
    throw new AggregateError(errors, `${errors.length} of ${events.length} webhook items failed.`);
  }
  return report;
}

/** What parks is looked at again once it stands there waiting: what it waits for may just have come. */
async function handleOrPark(ctx: TenantContext, event: WebhookEventRecord): Promise<InboundOutcome> {
  const outcome = await handle(ctx, event);
  if (outcome.state !== "parked" || (event.waitsFor ?? []).length > 0) return outcome;
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  const { reason, waitsFor } = outcome;
  await WebhookEvent.updateOne(
    { _id: event._id, state: "received" },
    { $set: { reason, waitsFor: [...waitsFor] } },
  );
  return handle(ctx, event);
}

async function handle(ctx: TenantContext, event: WebhookEventRecord): Promise<InboundOutcome> {
  const kind = webhookKinds.find((candidate) => candidate.matches(event));
  if (!kind) return ignored(unusedReason(event.field));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await kind.handle(ctx, event);
    } catch (error) {
      if (attempt >= collisions || !isDuplicateKey(error)) throw error;
    }
  }
}

async function settleProcessed(ctx: TenantContext, ids: readonly Types.ObjectId[]): Promise<void> {
  if (ids.length === 0) return;
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  await WebhookEvent.updateMany(
    { _id: trusted({ $in: ids }), state: "received" },
    { $set: { state: "processed", reason: null, waitsFor: [], processedAt: ctx.now(), expireAt: expiry() } },
  );
}

/** Ends an item that is not processed. */
async function settle(
  ctx: TenantContext,
  id: Types.ObjectId,
  state: "ignored" | "failed",
  reason: string,
): Promise<void> {
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  await WebhookEvent.updateOne(
    { _id: id, state: "received" },
    { $set: { state, reason, waitsFor: [], processedAt: ctx.now(), expireAt: expiry() } },
  );
}

async function noteFailure(
  ctx: TenantContext,
  event: WebhookEventRecord,
  error: unknown,
  lastAttempt: boolean,
): Promise<void> {
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  ctx.logger.error(
    "A webhook item could not be processed.",
    { webhookEventId: event._id.toHexString(), kind: event.kind, field: event.field, lastAttempt },
    error,
  );
  await WebhookEvent.updateOne({ _id: event._id }, { $inc: { attempts: 1 } });
  if (!lastAttempt) return;
  const name = error instanceof Error ? error.name : "unknown error";
  if (!(await isTold(ctx, event, name))) return;
  await settle(ctx, event._id, "failed", `Processing failed again and again (${name}); see the log.`);
}

/** One alert per kind of item, with a count. An item nobody could be told of stays `received`: the sweep tries it again. */
async function isTold(
  ctx: TenantContext,
  { _id, kind }: WebhookEventRecord,
  errorName: string,
): Promise<boolean> {
  const webhookEventId = _id.toHexString();
  try {
    await raiseAlert({
      clientCode: ctx.clientCode,
      code: "webhook-item-failed",
      ref: kind,
      detail: `The webhook item ${webhookEventId} failed at every attempt (${errorName}). It is kept raw; see the log.`,
    });
    return true;
  } catch (error) {
    ctx.logger.error("No alert could be raised for a failed webhook item.", { webhookEventId }, error);
    return false;
  }
}

/** TTL indexes run on real time. Meta repeats itself for 7 days; until then the row must be there to meet it. */
function expiry(): Date {
  return new Date(Date.now() + keepDays * dayMs);
}
