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
 * Finds the tenant of a webhook's number or account. A binding is believed for 30 s; an unknown key, or one bound to
 * another endpoint, is always looked up, so that a number just bound works at once.
 * @param endpointId the Meta app over whose address the webhook came; a binding to another one is never followed.
 */
export async function resolveChannelRoute(routeKey: RouteKey, endpointId: string): Promise<ResolvedRoute> {
  let route = cache.get(routeKey);
  // Another endpoint than is remembered: the number may have moved to it, and what is refused here is not replayed.
  if (!route || route.until <= Date.now() || route.endpointId !== endpointId) {
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

/** The tenant whose Meta app delivers to an endpoint of its own; null when there is no such endpoint. */
export async function readEndpointOwner(endpointId: string): Promise<ClientCode | null> {
  const { ChannelEndpoint } = await getCentralModels();
  const row = await ChannelEndpoint.findById(endpointId).lean();
  return row && mintClientCode(row.clientCode);
}

/** Whose a number or account is, over whichever endpoint; null while it is nobody's. */
export async function readChannelRoute(routeKey: RouteKey): Promise<ClientCode | null> {
  const { ChannelRoute } = await getCentralModels();
  const row = await ChannelRoute.findById(routeKey).lean();
  return row && mintClientCode(row.clientCode);
}

/** Frees a number or account of a tenant for whoever connects it next. */
export async function unbindChannelRoute(
  ctx: PlatformContext,
  { routeKey, clientCode }: { routeKey: RouteKey; clientCode: ClientCode },
): Promise<void> {
  const { ChannelRoute } = await getCentralModels();
  await auditPlatformAct(ctx, { action: "channel.unbind", clientCode, detail: { routeKey } });
  await ChannelRoute.deleteOne({ _id: routeKey, clientCode });
  cache.delete(routeKey);
}

/**
 * Binds a number or account to a tenant and one endpoint; the tenant's own earlier endpoint gives way. The caller has confirmed with
 * Meta, by the tenant's own token, that the tenant may speak for it.
 * @throws AppError duplicate when another tenant has it.
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
      { _id: routeKey, clientCode },
      { $set: { endpointId }, $setOnInsert: { boundAt: ctx.now() } },
      { upsert: true },
    );
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError(
      "duplicate",
      "This number or account is bound to another client already. Disconnect it there first.",
      { cause: error },
    );
  }
  cache.delete(routeKey);
}
