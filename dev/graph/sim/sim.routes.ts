/** The controls under `/_sim`. ADD A CONTROL HERE. */
import type { Graph } from "../graph.context";
import { type Answer, type Exchange, ok } from "../http/exchange";
import { changeNumber, sendEvent } from "./accounts.control";
import { deliver } from "./deliver.control";
import { faultSchema } from "./fault.table";
import { inbound } from "./inbound.control";
import { putMedia } from "./media.control";
import { listRequests } from "./requests.control";
import { changeSettings, changeToken, setClock, setWebhook } from "./settings.control";
import { parseControl, SimError } from "./sim.error";
import { reset, showState } from "./state.control";
import { planStatuses, sendStatus } from "./statuses.control";
import { changeTemplate } from "./templates.control";
import { changeUser } from "./users.control";

type Control = (graph: Graph, exchange: Exchange) => unknown;

/** A control whose request body is JSON. */
const json =
  (run: (graph: Graph, body: unknown) => unknown): Control =>
  (graph, exchange) =>
    run(graph, jsonBody(exchange));

const controls: ReadonlyMap<string, Control> = new Map([
  ["GET /_sim", () => ({ controls: [...controls.keys()] })],
  ["POST /_sim/inbound", json(inbound)],
  ["POST /_sim/media", putMedia],
  ["POST /_sim/deliver", json(deliver)],
  ["GET /_sim/requests", (graph, { query }) => listRequests(graph, query)],
  ["POST /_sim/faults", json((graph, body) => graph.faults.add(parseControl(faultSchema, body)))],
  ["GET /_sim/faults", (graph) => ({ faults: graph.faults.list() })],
  ["DELETE /_sim/faults", clearFaults],
  ["POST /_sim/statuses", json(planStatuses)],
  ["POST /_sim/statuses/send", json(sendStatus)],
  ["POST /_sim/templates", json(changeTemplate)],
  ["POST /_sim/numbers", json(changeNumber)],
  ["POST /_sim/events", json(sendEvent)],
  ["POST /_sim/users", json(changeUser)],
  ["GET /_sim/settings", (graph) => graph.world.settings],
  ["POST /_sim/settings", json(changeSettings)],
  ["POST /_sim/tokens", json(changeToken)],
  ["POST /_sim/clock", json(setClock)],
  ["POST /_sim/webhook", json(setWebhook)],
  ["GET /_sim/webhooks", (graph) => ({ deliveries: graph.webhooks.list() })],
  ["POST /_sim/webhooks/retry", retryWebhooks],
  ["GET /_sim/state", (graph) => showState(graph)],
  ["POST /_sim/reset", (graph) => reset(graph)],
]);

/** Answers a control; a wrong call gets 400 (or 404, 405) with a sentence. */
export async function callControl(graph: Graph, exchange: Exchange): Promise<Answer> {
  try {
    const control = controls.get(`${exchange.method} ${exchange.path}`);
    if (!control) throw unknownControl(exchange);
    return ok(await control(graph, exchange));
  } catch (error) {
    if (!(error instanceof SimError)) throw error;
    return { status: error.status, json: { error: error.message } };
  }
}

function unknownControl({ method, path }: Exchange): SimError {
  const methods = [...controls.keys()]
    .filter((key) => key.endsWith(` ${path}`))
    .map((key) => key.split(" ")[0]);
  return methods.length > 0
    ? new SimError(`${path} takes ${methods.join(" and ")}, not ${method}`, 405)
    : new SimError(`There is no control ${path}. GET /_sim lists them`, 404);
}

function clearFaults(graph: Graph): unknown {
  graph.faults.clear();
  return { faults: [] };
}

async function retryWebhooks(graph: Graph): Promise<unknown> {
  return { deliveries: await graph.webhooks.retryUndelivered() };
}

function jsonBody({ body }: Exchange): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new SimError(
      `The body is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}
