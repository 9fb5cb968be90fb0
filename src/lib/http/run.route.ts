import { createPlatformContext, createTenantContext } from "../context/create.context";
import type { PlatformContext, TenantContext } from "../context/tenant.context";
import { withTenant } from "../tenant/tenant.registry";
import type { Route, RouteReply } from "./define.route";
import type { EdgeRequest, EdgeResponse, VerifiedTenant } from "./edge.request";
import type { MountPorts } from "./mount.lambda";
import { replyResponse } from "./reply.response";

/** The innermost step: runs the route with its context, holding the tenant's connection meanwhile. */
export function runRoute(ports: MountPorts): (edge: EdgeRequest) => Promise<EdgeResponse> {
  return async (edge) => {
    if (edge.replay) return edge.replay;
    edge.reply = await replyOf(edge, ports);
    return replyResponse(edge, edge.reply);
  };
}

function replyOf(edge: EdgeRequest, ports: MountPorts): Promise<RouteReply<unknown>> {
  const { route } = edge.matched;
  if (route.auth.kind !== "tenant") return call(route, edge, platformContext(edge));
  const { tenant } = edge;
  if (!tenant) throw new Error("A tenant route was reached without a verified tenant.");
  return withTenant(tenant.clientCode, () => call(route, edge, tenantContext(edge, tenant, ports)), {
    answerInTime: true,
  });
}

function call(
  route: Route,
  edge: EdgeRequest,
  ctx: TenantContext | PlatformContext,
): Promise<RouteReply<unknown>> {
  if (!edge.input) throw new Error("A route was reached before its input was parsed.");
  const { params, query, body } = edge.input;
  return route.run({
    ctx,
    params,
    query,
    body,
    ifMatch: edge.ifMatch,
    effectKey: edge.lease && `request:${edge.lease.effectId.toHexString()}`,
    header: (name) => edge.header(name.toLowerCase()),
  });
}

function tenantContext(edge: EdgeRequest, tenant: VerifiedTenant, ports: MountPorts): TenantContext {
  return createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "api_key", id: tenant.keyId, name: tenant.keyName },
    requestId: edge.requestId,
    dispatch: ports.dispatch,
  });
}

function platformContext(edge: EdgeRequest): PlatformContext {
  const actor =
    edge.admin === undefined
      ? ({ type: "system", id: "public" } as const)
      : ({ type: "admin", id: edge.admin } as const);
  return createPlatformContext({ actor, requestId: edge.requestId });
}
