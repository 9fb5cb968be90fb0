/** Calls that know no object: the code exchange of Embedded Signup and the look at a token. */
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { type Answer, type Exchange, ok } from "../http/exchange";

/** A code that `exchangeCode` takes for a number: whoever runs the simulator writes it down, nobody guesses it. */
const codePattern = /^code-(\d+)$/;

/** `GET /oauth/access_token?client_id&client_secret&code`; the code of a number is `code-<phone_number_id>`. */
export function exchangeCode(graph: Graph, exchange: Exchange): Answer {
  const app = graph.world.apps.get(exchange.query.get("client_id") ?? "");
  if (!app || app.secret !== exchange.query.get("client_secret")) {
    throw new GraphError(1, { message: "Error validating client secret.", httpStatus: 400 });
  }
  const id = codePattern.exec(exchange.query.get("code") ?? "")?.[1];
  const number = id === undefined ? undefined : graph.world.numbers.get(id);
  if (number?.app.id !== app.id) {
    throw new GraphError(100, { message: "This authorization code has expired or is not valid." });
  }
  return ok({ access_token: number.token, token_type: "bearer" });
}

/** `GET /debug_token?input_token=`: which app a token is of, and what it reaches. */
export function debugToken(graph: Graph, exchange: Exchange): Answer {
  const token = exchange.query.get("input_token");
  const own = [...graph.world.numbers.values()].filter((number) => number.token === token);
  const [number] = own;
  if (!number || (token !== null && graph.world.revokedTokens.has(token))) {
    return ok({
      data: { is_valid: false, scopes: [], error: { code: 190, message: "Invalid OAuth access token." } },
    });
  }
  const wabaIds = [...new Set(own.map(({ wabaId }) => wabaId))];
  const scopes = ["whatsapp_business_management", "whatsapp_business_messaging"];
  return ok({
    data: {
      app_id: number.app.id,
      type: "SYSTEM_USER",
      is_valid: true,
      expires_at: 0,
      scopes,
      granular_scopes: scopes.map((scope) => ({ scope, target_ids: wabaIds })),
    },
  });
}
