import type { MiddlewareObj } from "@middy/core";
import { refreshClock } from "../../clock/clock";
import { rootLogger } from "../../log/logger";
import type { EdgeRequest, EdgeResponse } from "../edge.request";
import type { RouteTable } from "../route.table";

/**
 * First in, last out: finds the route, reads the stack's clock, and leaves the request's id on every answer and one
 * line per request in the log.
 */
export function requestContext(table: RouteTable): MiddlewareObj<EdgeRequest, EdgeResponse> {
  const finish = (edge: EdgeRequest, response: EdgeResponse | null): void => {
    if (!response) return;
    response.headers["x-request-id"] = edge.requestId;
    response.headers["x-content-type-options"] = "nosniff";
    response.headers["cache-control"] ??= "no-store";
    rootLogger().info("request", {
      requestId: edge.requestId,
      clientCode: edge.tenant?.clientCode,
      operationId: edge.match?.route.operationId,
      status: response.statusCode,
      ms: Math.round(edge.elapsedMs() * 100) / 100,
    });
  };
  return {
    async before({ event: edge }) {
      const { method, path } = edge.event.requestContext.http;
      edge.match = table.find(method, edge.event.rawPath || path);
      await refreshClock();
    },
    after({ event, response }) {
      finish(event, response);
    },
    onError({ event, response }) {
      finish(event, response);
    },
  };
}
