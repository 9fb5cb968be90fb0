/** Which tenant a webhook belongs to: the bindings of WhatsApp numbers and accounts. */
import type { ClientCode } from "../../contracts/common.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { mintClientCode } from "../../lib/tenant/client.code";
import { auditPlatformAct } from "./platform.audit.service";

/** `pn:<phoneNumberId>`, or `waba:<wabaId>` for changes that name only the account. */
export type RouteKey = `pn:${string}` | `waba:${string}`;

export type ResolvedRoute = { clientCode: ClientCode } | { unknown: true } | { wrongEndpoint: true };

const cacheMs = 30_000;
const cacheSize = 5_000;
const cache = new Map<RouteKey, { clientCode: ClientCode; endpointId: string; until: number }>();

/**
 * Finds the tenant of a webhook's number or account. A binding is believed for 30 s; an unknown key is always looked
 * up, so that a number just bound works at once.
 * @param endpointId the Meta app over whose address the webhook came; a binding to another one is never followed.
 */
export async function resolveChannelRoute(routeKey: RouteKey, endpointId: string): Promise<ResolvedRoute> {
  let route = cache.get(routeKey);
  if (!route || route.until <= Date.now()) {
    const { ChannelRoute } = await getCentralModels();
    const row = await ChannelRoute.findById(routeKey).lean();
    cache.delete(routeKey);
    if (!row) return { unknown: true };
    route = {
      clientCode: mintClientCode(row.clientCode),
      endpointId: row.endpointId,
      until: Date.now() + cacheMs,
    };
    const [oldest] = cache.keys();
    if (cache.size >= cacheSize && oldest !== undefined) cache.delete(oldest);
    cache.set(routeKey, route);
  }
  return route.endpointId === endpointId ? { clientCode: route.clientCode } : { wrongEndpoint: true };
}

/**
 * Binds a number or account to a tenant and one endpoint. Repeating it changes nothing. The caller has confirmed with
 * Meta, by the tenant's own token, that the tenant may speak for it.
 * @throws AppError duplicate when another tenant or endpoint has it.
 */
export async function bindChannelRoute(
  ctx: PlatformContext,
  binding: { routeKey: RouteKey; clientCode: ClientCode; endpointId: string },
): Promise<void> {
  const { ChannelRoute } = await getCentralModels();
  const { routeKey, clientCode, endpointId } = binding;
  await auditPlatformAct(ctx, { action: "channel.bind", clientCode, detail: { routeKey, endpointId } });
  try {
    await ChannelRoute.updateOne(
      { _id: routeKey, clientCode, endpointId },
      { $setOnInsert: { boundAt: ctx.now() } },
      { upsert: true },
    );
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError(
      "duplicate",
      "This number or account is bound to another client or endpoint already. Unbind it there first.",
      { cause: error },
    );
  }
  cache.delete(routeKey);
}
