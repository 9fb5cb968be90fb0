import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { enqueueInbound } from "./record.webhook.service";

/** Has statuses processed that came before their message was known by Meta's id. */
export async function replayParkedStatuses(ctx: TenantContext, providerMessageId: string): Promise<void> {
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  const prefix = `s:${providerMessageId}`;
  const parked = await WebhookEvent.find({
    // all keys that begin with the prefix and a colon; a semicolon is the next character
    dedupeKey: trusted({ $gte: `${prefix}:`, $lt: `${prefix};` }),
    state: "received",
  })
    .select({ _id: 1 })
    .lean();
  await enqueueInbound(
    ctx.clientCode,
    parked.map(({ _id }) => _id.toHexString()),
    ctx.requestId,
  );
}
