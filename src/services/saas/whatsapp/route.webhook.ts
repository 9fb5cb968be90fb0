import type { ClientCode } from "../../../contracts/common.contract";
import { type ResolvedRoute, type RouteKey, resolveChannelRoute } from "../../clients/data.source.service";
import type { QuarantineEntry } from "./quarantine.service";
import type { WebhookItem } from "./split.webhook";

export interface RoutedWebhook {
  readonly byTenant: ReadonlyMap<ClientCode, readonly WebhookItem[]>;
  readonly astray: readonly QuarantineEntry[];
}

/**
 * Finds the tenant of every item by its number, else by its WhatsApp account; never once for the whole body, since
 * one body may speak for several tenants. What has no tenant, comes over another Meta app than its number is bound
 * to, or names a number and an account of two tenants, is astray.
 */
export async function routeItems(items: readonly WebhookItem[], endpointId: string): Promise<RoutedWebhook> {
  const routes = new Map<RouteKey, ResolvedRoute>();
  const resolve = async (routeKey: RouteKey): Promise<ResolvedRoute> => {
    const known = routes.get(routeKey);
    if (known) return known;
    const route = await resolveChannelRoute(routeKey, endpointId);
    routes.set(routeKey, route);
    return route;
  };
  const byTenant = new Map<ClientCode, WebhookItem[]>();
  const astray = new Map<string, QuarantineEntry & { items: WebhookItem[] }>();
  for (const item of items) {
    const account: RouteKey = `waba:${item.wabaId}`;
    const routeKey: RouteKey = item.phoneNumberId === null ? account : `pn:${item.phoneNumberId}`;
    const route = await resolve(routeKey);
    const reason = astrayReason(route, await resolve(account));
    if (reason === null && "clientCode" in route) {
      const tenantItems = byTenant.get(route.clientCode) ?? [];
      tenantItems.push(item);
      byTenant.set(route.clientCode, tenantItems);
      continue;
    }
    const entry = astray.get(`${reason} ${routeKey}`) ?? {
      reason: reason ?? "unknown_route",
      clientCode: null,
      routeKey,
      endpointId,
      items: [],
    };
    entry.items.push(item);
    astray.set(`${reason} ${routeKey}`, entry);
  }
  return { byTenant, astray: [...astray.values()] };
}

function astrayReason(route: ResolvedRoute, account: ResolvedRoute): QuarantineEntry["reason"] | null {
  if ("wrongEndpoint" in route || "wrongEndpoint" in account) return "wrong_endpoint";
  if (!("clientCode" in route)) return "unknown_route";
  return "clientCode" in account && account.clientCode !== route.clientCode ? "route_conflict" : null;
}
