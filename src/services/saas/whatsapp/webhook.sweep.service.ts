import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { leftBehindAfterMs } from "../../../lib/tenant/mark.active";
import { patienceMs } from "./inbound/webhook.kind";
import { enqueueReplay, hasHeldItems } from "./quarantine.service";
import { enqueueInbound } from "./record.webhook.service";

const batch = 1_000;

/**
 * Takes up webhook items that are stored but not processed, and asks for a replay of what is in quarantine. A backlog
 * that outlasts several sweeps gets its jobs once.
 */
export async function sweepWebhookEvents(ctx: TenantContext): Promise<{ taken: number }> {
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  const now = ctx.now().getTime();
  const waiting = await WebhookEvent.find({
    state: "received",
    receivedAt: trusted({ $lte: new Date(now - leftBehindAfterMs) }),
    // what has a reason is parked: it waits for its message and is looked at once more at the end of its time
    $or: [{ reason: null }, { receivedAt: trusted({ $lte: new Date(now - patienceMs) }) }],
  })
    .sort({ receivedAt: 1 })
    .limit(batch)
    .select({ _id: 1 })
    .lean();
  const taken = waiting.map(({ _id }) => _id.toHexString());
  await enqueueInbound(ctx.clientCode, taken, ctx.requestId, "sweep");
  if (await hasHeldItems(ctx.clientCode)) await enqueueReplay(ctx.clientCode, ctx.requestId, 0);
  return { taken: taken.length };
}
