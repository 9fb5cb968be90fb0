import { rootLogger } from "../log/logger";
import type { RouteOutput, RouteReply } from "./define.route";
import type { EdgeRequest, EdgeResponse } from "./edge.request";

/**
 * The HTTP answer of a route's reply, checked against the schema of its output, which also drops what the schema does
 * not know. @throws Error when the reply does not match: our fault, so a 500, and nothing of it leaves.
 */
export function replyResponse(edge: EdgeRequest, reply: RouteReply<unknown>): EdgeResponse {
  const { output } = edge.matched.route;
  const statusCode = reply.status ?? output.status;
  const headers: Record<string, string> = { ...reply.headers };
  if (output.body) {
    headers["content-type"] = "application/json";
    return { statusCode, headers, body: JSON.stringify(checked(edge, output.body, reply.body)) };
  }
  const [contentType] = [output.contentType ?? []].flat();
  if (contentType !== undefined) headers["content-type"] ??= contentType;
  if (Buffer.isBuffer(reply.body))
    return { statusCode, headers, body: reply.body.toString("base64"), isBase64Encoded: true };
  if (typeof reply.body === "string") return { statusCode, headers, body: reply.body };
  return { statusCode, headers };
}

function checked(edge: EdgeRequest, schema: NonNullable<RouteOutput["body"]>, body: unknown): unknown {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  rootLogger().error("A reply does not match its own schema.", {
    requestId: edge.requestId,
    operationId: edge.matched.route.operationId,
    places: result.error.issues.map((issue) => `${issue.path.join("/")}: ${issue.code}`),
  });
  throw new Error("A reply does not match its own schema.");
}
