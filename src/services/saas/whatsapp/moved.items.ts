/** What came for a number after it was let go is not this tenant's any more, even where that was not known yet. */
import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { WebhookEventRecord } from "../../../model/saas/webhook.event.schema";
import { type RouteKey, readChannelRoute } from "../../clients/data.source.service";
import { enqueueReplay, quarantine } from "./quarantine.service";

/**
 * Containers believe a binding for half a minute, so what comes right after a number was disconnected may be stored
 * here. It goes back into quarantine, from where whoever has the number now gets it.
 * @returns the items that are this tenant's.
 */
export async function returnMovedItems(
  ctx: TenantContext,
  events: readonly WebhookEventRecord[],
): Promise<WebhookEventRecord[]> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const left = await Connection.find({ state: "disconnected" }).lean();
  if (left.length === 0) return [...events];
  const kept = new Set(
    (await Connection.find({ state: trusted({ $ne: "disconnected" }) }).lean()).map(({ wabaId }) => wabaId),
  );
  const moved = events.filter((event) => isMoved(event, left, kept));
  for (const event of moved) await giveBack(ctx, event);
  return events.filter((event) => !moved.includes(event));
}

function isMoved(
  { phoneNumberId, wabaId, receivedAt }: WebhookEventRecord,
  left: readonly ConnectionRecord[],
  accountsKept: ReadonlySet<string>,
): boolean {
  if (phoneNumberId === null && accountsKept.has(wabaId)) return false;
  const numbers = left.filter((number) =>
    phoneNumberId === null ? number.wabaId === wabaId : number.phoneNumberId === phoneNumberId,
  );
  return (
    numbers.length > 0 && numbers.every(({ disconnectedAt }) => disconnectedAt && disconnectedAt < receivedAt)
  );
}

/** Quarantined first: a crash in between leaves it in both places, and it is given back again. */
async function giveBack(ctx: TenantContext, event: WebhookEventRecord): Promise<void> {
  const { dedupeKey, field, kind, what, wabaId, phoneNumberId, raw, endpointId } = event;
  const routeKey: RouteKey = phoneNumberId === null ? `waba:${wabaId}` : `pn:${phoneNumberId}`;
  const items = [{ dedupeKey, field, kind, what, wabaId, phoneNumberId, raw }];
  // Without knowing over which app it came, nobody else may have it.
  if (endpointId)
    await quarantine({ reason: "unknown_route", clientCode: null, routeKey, endpointId, items }, event);
  const { WebhookEvent }: CrmModels = await getCrmModels(ctx.clientCode);
  await WebhookEvent.deleteOne({ _id: event._id, state: "received" });
  const owner = await readChannelRoute(routeKey);
  if (owner !== null && owner !== ctx.clientCode) await enqueueReplay(owner, ctx.requestId, 0);
}
