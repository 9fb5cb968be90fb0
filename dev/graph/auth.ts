/** Bearer tokens: who is calling, and what they may reach. */
import { GraphError } from "./errors/graph.error";
import type { Exchange } from "./http/exchange";
import type { GraphNode, World } from "./state/world";

/**
 * The token of a call, from the header (`Bearer` or `OAuth`) or the query.
 * @throws GraphError 190 when there is none, or none that we know, or it was revoked.
 */
export function tokenOf(world: World, exchange: Exchange): string {
  const header = /^(?:Bearer|OAuth)\s+(.+)$/i.exec(exchange.headers.authorization ?? "")?.[1];
  const token = header ?? exchange.query.get("access_token") ?? undefined;
  if (token === undefined) {
    throw new GraphError(190, { message: "An access token is required to request this resource." });
  }
  if (![...world.numbers.values()].some((number) => number.token === token)) {
    throw new GraphError(190, { message: "Invalid OAuth access token - Cannot parse access token" });
  }
  if (world.revokedTokens.has(token)) {
    throw new GraphError(190, {
      message: "Error validating access token: The session has been invalidated because the user changed it.",
      subcode: 460,
    });
  }
  return token;
}

/** Whether a token reaches a node: its own numbers, their WABA, and what belongs to those. Apps are open to all. */
export function mayReach(world: World, token: string, node: GraphNode): boolean {
  const own = [...world.numbers.values()].filter((number) => number.token === token);
  switch (node.kind) {
    case "app":
      return own.some((number) => number.app.id === node.app.id);
    case "number":
      return own.some((number) => number.id === node.id);
    case "waba":
      return own.some((number) => number.wabaId === node.id);
    case "template":
      return own.some((number) => number.wabaId === node.wabaId);
    case "media": {
      const owner = node.phoneNumberId === undefined ? undefined : world.numbers.get(node.phoneNumberId);
      return owner !== undefined && own.some((number) => number.wabaId === owner.wabaId);
    }
  }
}
