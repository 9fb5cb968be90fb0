import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { enqueueInbound } from "./record.webhook.service";

/** What a status waits for: that a message of ours is known by Meta's id. */
export function statusKey(providerMessageId: string): string {
  return `s:${providerMessageId}`;
}

/** Has items processed that waited for one of these keys to appear. */
export async function replayParked(ctx: TenantContext, keys: readonly string[]): Promise<void> {
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  const parked = await WebhookEvent.find({ waitsFor: trusted({ $in: keys }), state: "received" })
    .select({ _id: 1 })
    .lean();
  await enqueueInbound(
    ctx.clientCode,
    parked.map(({ _id }) => _id.toHexString()),
    ctx.requestId,
  );
}

/** Has statuses processed that came before their message was known by Meta's id. */
export async function replayParkedStatuses(ctx: TenantContext, providerMessageId: string): Promise<void> {
  await replayParked(ctx, [statusKey(providerMessageId)]);
}
