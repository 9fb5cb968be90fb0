import { mongo, Types, trusted } from "mongoose";
import type { ClientCode } from "../../../contracts/common.contract";
import { enqueueMany } from "../../../jobs/queue/enqueue";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { rootLogger } from "../../../lib/log/logger";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { markTenantActive } from "../../../lib/tenant/mark.active";
import { withTenant } from "../../../lib/tenant/tenant.registry";
import type { WebhookEventRecord } from "../../../model/saas/webhook.event.schema";
import type { WebhookItem } from "./split.webhook";

/** Meta wants its answer within a second; a tenant's database that is slower than this has its part quarantined. */
const answerLimitMs = 1_000;
const idsPerJob = 100;
const duplicateKey = 11_000;

export interface Reception {
  readonly receivedAt: Date;
  readonly requestId: string;
}

/** With the Meta app over whose address it came. */
export interface Arrival extends Reception {
  readonly endpointId: string;
}

/**
 * Stores a tenant's items in its own database, one row each, and enqueues their processing. An item that was stored
 * before and still waits is enqueued again: its first delivery may have died in between.
 * @returns `unavailable` when the tenant's database did not confirm in time; nothing may be assumed stored then.
 * @throws when the central database cannot be written, since nothing would lead back to the items.
 */
export async function recordWebhookItems(
  clientCode: ClientCode,
  items: readonly WebhookItem[],
  reception: Arrival,
): Promise<"recorded" | "unavailable"> {
  // From this mark on the sweep finds what is stored here, even if this process dies.
  await markTenantActive(clientCode);
  let ids: string[];
  try {
    ids = await inTime(
      withTenant(clientCode, () => storeItems(clientCode, items, reception), { evenSuspended: true }),
    );
  } catch (error) {
    rootLogger().warn(
      "A tenant's database did not take webhook items in time; they go into quarantine.",
      { requestId: reception.requestId, clientCode, items: items.length },
      error,
    );
    return "unavailable";
  }
  failpoint("after-raw-stored");
  try {
    await enqueueInbound(clientCode, ids, reception.requestId);
  } catch (error) {
    rootLogger().error(
      "Webhook items are stored, but their job could not be enqueued; the tenant sweep takes them up.",
      { requestId: reception.requestId, clientCode, items: ids.length },
      error,
    );
  }
  return "recorded";
}

/**
 * Enqueues the processing of stored items, at most 100 to a job.
 * @param onceAs for those who ask for the same items again and again: while a job of this name that begins with the
 * same item has not ended, there is no second one.
 */
export async function enqueueInbound(
  clientCode: ClientCode,
  webhookEventIds: readonly string[],
  requestId: string,
  onceAs?: string,
): Promise<void> {
  const jobs = [];
  for (let from = 0; from < webhookEventIds.length; from += idsPerJob) {
    const payload = { clientCode, webhookEventIds: webhookEventIds.slice(from, from + idsPerJob) };
    const key = onceAs === undefined ? {} : { key: `${onceAs}:${webhookEventIds[from]}` };
    jobs.push({ type: "whatsapp.inbound" as const, payload, requestId, ...key });
  }
  if (jobs.length > 0) await enqueueMany(jobs);
}

/** @returns ids of the rows to process: the new ones, and known ones that are still `received`. */
async function storeItems(
  clientCode: ClientCode,
  items: readonly WebhookItem[],
  { receivedAt, requestId, endpointId }: Arrival,
): Promise<string[]> {
  const { WebhookEvent } = await getCrmModels(clientCode);
  const rows = items.map(
    (item): WebhookEventRecord => ({
      _id: new Types.ObjectId(),
      ...item,
      state: "received",
      reason: null,
      waitsFor: [],
      attempts: 0,
      receivedAt,
      processedAt: null,
      requestId,
      endpointId,
      expireAt: null,
    }),
  );
  const known = new Set<number>();
  try {
    // The driver's own insert: the rows are complete, and casting a thousand of them costs more than storing them.
    await WebhookEvent.collection.insertMany(rows, { ordered: false, writeConcern: { w: "majority" } });
  } catch (error) {
    for (const index of duplicatesOf(error)) known.add(index);
  }
  const fresh = rows.filter((_, index) => !known.has(index)).map((row) => row._id.toHexString());
  if (known.size === 0) return fresh;
  const knownKeys = [...known].flatMap((index) => rows[index]?.dedupeKey ?? []);
  const waiting = await WebhookEvent.find({ dedupeKey: trusted({ $in: knownKeys }), state: "received" })
    .select({ _id: 1 })
    .lean();
  return [...new Set([...fresh, ...waiting.map((row) => row._id.toHexString())])];
}

/** Places of the rows that existed already. @throws the error itself when anything else went wrong too. */
function duplicatesOf(error: unknown): number[] {
  if (!(error instanceof mongo.MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
  const failures = [error.writeErrors].flat();
  if (failures.length === 0 || failures.some(({ code }) => code !== duplicateKey)) throw error;
  return failures.map(({ index }) => index);
}

/** Rejects when `work` takes longer than the limit; the work itself goes on and is harmless, being idempotent. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), answerLimitMs);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
