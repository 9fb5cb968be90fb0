/**
 * Where webhook items wait that cannot be stored with their tenant: sealed, replayable, gone after 30 days. The key of
 * a row is a keyed hash of its items, so that Meta's retries meet the first copy.
 */
import { Types, trusted } from "mongoose";
import * as z from "zod";
import type { ClientCode } from "../../../contracts/common.contract";
import { webhookItemKinds } from "../../../contracts/whatsapp.webhook.contract";
import { enqueue } from "../../../jobs/queue/enqueue";
import { keyedHash } from "../../../lib/crypto/keyed.hash";
import { openSecret, sealSecret } from "../../../lib/crypto/secret.box";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { getCentralModels } from "../../../lib/db/get.central.models";
import { rootLogger } from "../../../lib/log/logger";
import type { QuarantineRecord } from "../../../model/clients/platform.schema";
import { raiseAlert } from "./raise.alert";
import { type Reception, recordWebhookItems } from "./record.webhook.service";
import type { WebhookItem } from "./split.webhook";

const keepMs = 30 * 24 * 60 * 60_000;
const replayDelayMs = 30_000;
const rowsPerReplay = 100;

const heldSchema = z.object({
  items: z.array(
    z.object({
      dedupeKey: z.string(),
      field: z.string(),
      kind: z.enum(webhookItemKinds),
      what: z.string().nullable().default(null),
      wabaId: z.string(),
      phoneNumberId: z.string().nullable(),
      raw: z.string(),
    }),
  ),
  unreadable: z.array(z.string()),
});
type Held = z.infer<typeof heldSchema>;

export interface QuarantineEntry {
  readonly reason: QuarantineRecord["reason"];
  readonly clientCode: ClientCode | null;
  readonly routeKey: string | null;
  readonly endpointId: string;
  readonly items: readonly WebhookItem[];
  readonly unreadable?: readonly string[];
}

/** Seals and stores items with majority. What was quarantined before is left as it is. */
export async function quarantine(entry: QuarantineEntry, reception: Reception): Promise<void> {
  const { Quarantine } = await getCentralModels();
  const held: Held = { items: [...entry.items], unreadable: [...(entry.unreadable ?? [])] };
  const text = JSON.stringify(held);
  try {
    await Quarantine.create(
      [
        {
          _id: new Types.ObjectId(),
          dedupeKey: keyedHash("quarantine", `${entry.reason}:${entry.clientCode ?? ""}:${text}`),
          clientCode: entry.clientCode,
          reason: entry.reason,
          endpointId: entry.endpointId,
          routeKey: entry.routeKey,
          envelope: sealSecret(boxOf(entry.clientCode), text),
          requestId: reception.requestId,
          state: "held",
          receivedAt: reception.receivedAt,
          expireAt: new Date(Date.now() + keepMs),
        },
      ],
      { w: "majority" },
    );
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  if (entry.reason === "tenant_unavailable" && entry.clientCode) {
    await enqueueReplay(entry.clientCode, reception.requestId, replayDelayMs);
  }
}

/** Asks for a replay of what waits for a tenant; one at a time. */
export async function enqueueReplay(
  clientCode: ClientCode,
  requestId: string,
  delayMs: number,
): Promise<void> {
  await enqueue({ type: "quarantine.replay", payload: { clientCode }, requestId, key: "replay", delayMs });
}

/** True when something waits for this tenant, or for one of its numbers and accounts. */
export async function hasHeldItems(clientCode: ClientCode): Promise<boolean> {
  const { Quarantine } = await getCentralModels();
  return (await Quarantine.exists(await heldFor(clientCode))) !== null;
}

/**
 * Stores what waited for a tenant that answers again, and what came for its numbers before they were connected. A row
 * that cannot be opened stays held and raises an alert; the others are replayed.
 * @returns how many rows were replayed, and whether the tenant's database failed to answer again.
 */
export async function replayQuarantine(
  clientCode: ClientCode,
): Promise<{ replayed: number; unavailable: boolean }> {
  const { Quarantine } = await getCentralModels();
  const filter = await heldFor(clientCode);
  const unreadable: Types.ObjectId[] = [];
  let replayed = 0;
  let unavailable = false;
  for (let isMore = true; isMore && !unavailable; ) {
    const rows = await Quarantine.find({ ...filter, _id: trusted({ $nin: unreadable }) })
      .sort({ receivedAt: 1 })
      .limit(rowsPerReplay)
      .lean();
    isMore = rows.length === rowsPerReplay;
    for (const row of rows) {
      const items = openHeld(row);
      if (!items) {
        unreadable.push(row._id);
        continue;
      }
      unavailable = (await recordWebhookItems(clientCode, items, row)) === "unavailable";
      if (unavailable) break;
      await Quarantine.updateOne({ _id: row._id }, { $set: { state: "replayed" } });
      replayed += 1;
    }
  }
  await tellUnreadable(clientCode, unreadable);
  return { replayed, unavailable };
}

/** @returns null for a row that cannot be opened, e.g. because its key is gone: it stays held and costs only itself. */
export function openHeld(row: QuarantineRecord): readonly WebhookItem[] | null {
  try {
    return heldSchema.parse(JSON.parse(openSecret(boxOf(row.clientCode), row.envelope))).items;
  } catch (error) {
    rootLogger().error(
      "A row of the quarantine cannot be opened; it stays held.",
      { requestId: row.requestId, clientCode: row.clientCode ?? "", quarantineId: row._id.toHexString() },
      error,
    );
    return null;
  }
}

/** The envelope of a row with these of its items only. */
export function resealHeld(row: QuarantineRecord, items: readonly WebhookItem[]): string {
  const { unreadable } = heldSchema.parse(JSON.parse(openSecret(boxOf(row.clientCode), row.envelope)));
  return sealSecret(boxOf(row.clientCode), JSON.stringify({ items, unreadable }));
}

async function tellUnreadable(clientCode: ClientCode, [first, ...others]: Types.ObjectId[]): Promise<void> {
  if (!first) return;
  await raiseAlert({
    clientCode,
    code: "quarantine-unreadable",
    ref: "quarantine",
    detail: `${others.length + 1} quarantined rows cannot be opened, the first is ${first.toHexString()}. Give back the master key they were sealed with.`,
  });
}

/**
 * Rows of the tenant itself, and rows of numbers that belonged to nobody, or to another endpoint, when they came over
 * the endpoint they now have: whoever signed them owns the number by now.
 */
export async function heldFor(clientCode: ClientCode) {
  const { ChannelRoute } = await getCentralModels();
  const routes = await ChannelRoute.find({ clientCode }).lean();
  return {
    state: "held" as const,
    $or: [
      { clientCode, reason: "tenant_unavailable" as const },
      ...routes.map(({ _id, endpointId }) => ({
        reason: trusted({ $in: ["unknown_route" as const, "wrong_endpoint" as const] }),
        routeKey: _id,
        endpointId,
      })),
    ],
  };
}

function boxOf(clientCode: string | null): { collection: string; clientCode: string; field: string } {
  return { collection: "quarantine", clientCode: clientCode ?? "", field: "envelope" };
}
