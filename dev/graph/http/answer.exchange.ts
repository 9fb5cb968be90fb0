/** From a request to its answer: controls, faults, then Graph itself; and what is written down about it. */
import type { ServerResponse } from "node:http";
import { debugToken, exchangeCode } from "../accounts/oauth.routes";
import { finishUpload } from "../accounts/upload.session";
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { downloadMedia, downloadPath } from "../media/media.routes";
import { type Fault, faultAnswer } from "../sim/fault.table";
import { callControl } from "../sim/sim.routes";
import type { Answer, Exchange } from "./exchange";
import { callNode } from "./node.routes";

export async function answerExchange(
  graph: Graph,
  exchange: Exchange,
  response: ServerResponse,
): Promise<void> {
  if (exchange.path === "/_sim" || exchange.path.startsWith("/_sim/")) {
    write(response, await safely(graph, () => callControl(graph, exchange)));
    if (exchange.method !== "GET") graph.changed();
    return;
  }
  const startedAt = Date.now();
  const fault = graph.faults.take(exchange);
  const answer = await answerWithFault(graph, exchange, fault);
  if (exchange.method !== "GET") graph.changed();
  const isCut = fault?.reset !== undefined;
  graph.requests.add(exchange, {
    status: isCut ? "reset" : (answer?.status ?? 0),
    answer,
    fault: fault?.id,
    ms: Date.now() - startedAt,
  });
  graph.log({
    event: "call",
    method: exchange.method,
    status: isCut ? "reset" : answer?.status,
    fault: fault?.id,
  });
  if (isCut || !answer) response.socket?.resetAndDestroy();
  else write(response, answer, exchange.version);
}

/** @returns undefined when the work was not to be done and nothing is to be answered */
async function answerWithFault(
  graph: Graph,
  exchange: Exchange,
  fault: Fault | undefined,
): Promise<Answer | undefined> {
  const instead = fault ? faultAnswer(fault) : undefined;
  const worksFirst =
    !fault || (fault.reset === undefined ? !instead || fault.accept : fault.reset === "after");
  const real = worksFirst ? await safely(graph, () => callGraph(graph, exchange)) : undefined;
  if (fault && fault.delayMs > 0) await graph.timers.pause(fault.delayMs);
  return fault?.reset === "after" ? real : (instead ?? real);
}

async function callGraph(graph: Graph, exchange: Exchange): Promise<Answer> {
  const call = `${exchange.method} ${exchange.path}`;
  if (exchange.path === downloadPath && exchange.method === "GET") return downloadMedia(graph, exchange);
  if (call === "GET /oauth/access_token") return exchangeCode(graph, exchange);
  if (call === "GET /debug_token") return debugToken(graph, exchange);
  if (/^POST \/upload(:|%3A)/i.test(call)) return finishUpload(graph, exchange);
  return callNode(graph, exchange);
}

/** Meta's envelope for what was refused; anything else is a bug of this server: 500, and logged. */
async function safely(graph: Graph, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GraphError) return { status: error.status, json: error.envelope() };
    graph.log({
      event: "bug",
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return { status: 500, json: new GraphError(1).envelope() };
  }
}

function write(response: ServerResponse, answer: Answer, version?: string): void {
  const bytes = "json" in answer ? Buffer.from(JSON.stringify(answer.json)) : answer.bytes;
  response.writeHead(answer.status, {
    ...("json" in answer ? { "content-type": "application/json; charset=UTF-8" } : {}),
    ...(version === undefined ? {} : { "facebook-api-version": version }),
    "content-length": bytes.length,
    ...answer.headers,
  });
  response.end(bytes);
}
