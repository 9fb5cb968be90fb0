/** What became of each payload: its items, looked up where they can be. */
import type { QuarantineReason } from "../../src/contracts/webhook.event.contract";
import { splitWebhook, type WebhookItem } from "../../src/services/saas/whatsapp/split.webhook";
import type { StackTenant } from "../stack/stack.file";
import type { Payload } from "./read.payloads";
import type { StackCalls } from "./stack.calls";

/** From what is worst to what is best: a payload has the fate of its worst item. */
export const fates = [
  "no answer",
  "server error",
  "lost",
  "failed",
  "unfinished",
  "refused",
  "quarantined",
  "ignored",
  "waiting",
  "processed",
  "empty",
] as const;
export type Fate = (typeof fates)[number];

/** Fates that must not be. */
export const badFates: readonly Fate[] = ["no answer", "server error", "lost", "failed", "unfinished"];

export interface ItemFate {
  readonly fate: Fate;
  readonly reason: string;
}

export interface Found {
  /** What a payload's items came to; one item says it for a payload without any. */
  of(payload: Payload): ItemFate[];
}

/** Reads the tenants' webhook items and the quarantine once everything is drained. */
export async function findFates(
  calls: StackCalls,
  tenants: readonly StackTenant[],
  payloads: readonly Payload[],
): Promise<Found> {
  const split = new Map(payloads.map((payload) => [payload, splitWebhook(payload.bytes)]));
  const missing = new Set([...split.values()].flatMap(({ items }) => items.map(shownKey)));
  const known = new Map<string, ItemFate>();
  for (const { clientCode } of tenants) {
    if (missing.size === 0) break;
    for await (const { key, state, reason } of calls.webhookEvents(clientCode)) {
      if (!missing.delete(key)) continue;
      known.set(key, fateOf(state, reason, clientCode));
      if (missing.size === 0) break;
    }
  }
  const quarantined = await readQuarantine(calls);
  return {
    of(payload) {
      const { items = [], unreadable = [] } = split.get(payload) ?? {};
      const fatesOfItems = items.map((item) => known.get(shownKey(item)) ?? astray(item, quarantined));
      if (unreadable.length > 0)
        fatesOfItems.push(quarantined.get("unreadable") ?? { fate: "lost", reason: "found nowhere" });
      return fatesOfItems.length > 0 ? fatesOfItems : [{ fate: "empty", reason: "no items inside" }];
    },
  };
}

function fateOf(
  state: "received" | "processed" | "ignored" | "failed",
  reason: string | null,
  clientCode: string,
): ItemFate {
  const said = `${clientCode}: ${reason ?? state}`;
  if (state !== "received") return { fate: state, reason: said };
  return reason === null
    ? { fate: "unfinished", reason: `${clientCode}: still to be processed` }
    : { fate: "waiting", reason: said };
}

const reasons: Record<QuarantineReason, string> = {
  unknown_route: "no tenant has this number or account",
  wrong_endpoint: "its number belongs to another Meta app",
  route_conflict: "its number and its account are of two tenants",
  tenant_unavailable: "its tenant's database did not answer",
  unreadable: "it does not have a webhook's shape",
};

/** By the number or account that no tenant has; `unreadable` by itself. */
async function readQuarantine(calls: StackCalls): Promise<ReadonlyMap<string, ItemFate>> {
  const held = new Map<string, ItemFate>();
  for await (const { routeKey, reason, state } of calls.quarantine()) {
    if (state === "held") held.set(routeKey ?? reason, { fate: "quarantined", reason: reasons[reason] });
  }
  return held;
}

function astray(item: WebhookItem, quarantined: ReadonlyMap<string, ItemFate>): ItemFate {
  const routeKey = item.phoneNumberId === null ? `waba:${item.wabaId}` : `pn:${item.phoneNumberId}`;
  return (
    quarantined.get(routeKey) ??
    quarantined.get(`waba:${item.wabaId}`) ??
    quarantined.get("tenant_unavailable") ?? { fate: "lost", reason: "found nowhere" }
  );
}

/** As the admin API writes it: without a status's recipient. */
function shownKey({ kind, dedupeKey }: WebhookItem): string {
  return kind === "status" ? dedupeKey.slice(0, dedupeKey.lastIndexOf(":")) : dedupeKey;
}
