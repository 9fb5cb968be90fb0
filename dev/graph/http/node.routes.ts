/** Which object and which edge of it a call means: `METHOD edge` per kind of node. ADD A GRAPH CALL HERE. */
import { configureNumber, deregisterNumber, numberInfo, registerNumber } from "../accounts/number.routes";
import { subscribeApp, subscribedApps, unsubscribeApp } from "../accounts/subscribed.apps";
import { startUpload } from "../accounts/upload.session";
import { listNumbers, wabaInfo } from "../accounts/waba.routes";
import { mayReach, tokenOf } from "../auth";
import { GraphError, unknownObject } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { deleteMedia, lookUpMedia } from "../media/media.routes";
import { uploadMedia } from "../media/upload.media";
import { postMessages } from "../messages/send.message";
import type { Media, MetaApp, PhoneNumber, Template, Waba } from "../state/world";
import { createTemplate } from "../templates/create.template";
import { deleteTemplates } from "../templates/delete.templates";
import { editTemplate } from "../templates/edit.template";
import { listTemplates } from "../templates/list.templates";
import { showTemplate } from "../templates/show.template";
import type { Answer, Exchange } from "./exchange";

export interface NodeCall<Node> {
  graph: Graph;
  node: Node;
  exchange: Exchange;
}
export type NumberCall = NodeCall<PhoneNumber>;
export type WabaCall = NodeCall<Waba>;

type NodeRoutes<Node> = Readonly<Record<string, (call: NodeCall<Node>) => Answer | Promise<Answer>>>;

const numberRoutes: NodeRoutes<PhoneNumber> = {
  GET: numberInfo,
  POST: configureNumber,
  "POST register": registerNumber,
  "POST deregister": deregisterNumber,
  "POST messages": postMessages,
  "POST marketing_messages": postMessages,
  "POST media": uploadMedia,
};

const wabaRoutes: NodeRoutes<Waba> = {
  GET: wabaInfo,
  "GET phone_numbers": listNumbers,
  "GET subscribed_apps": subscribedApps,
  "POST subscribed_apps": subscribeApp,
  "DELETE subscribed_apps": unsubscribeApp,
  "GET message_templates": listTemplates,
  "POST message_templates": createTemplate,
  "DELETE message_templates": deleteTemplates,
};

const mediaRoutes: NodeRoutes<Media> = { GET: lookUpMedia, DELETE: deleteMedia };

const templateRoutes: NodeRoutes<Template> = { GET: showTemplate, POST: editTemplate };

const appRoutes: NodeRoutes<MetaApp> = { "POST uploads": startUpload };

/**
 * Answers a call to `/{id}` or `/{id}/{edge}`.
 * @throws GraphError 190 bad token, 100/33 an object that is not there or not for this token, 2500 an unknown edge
 */
export async function callNode(graph: Graph, exchange: Exchange): Promise<Answer> {
  const [id = "", edge, ...more] = exchange.path.split("/").filter(Boolean);
  const token = tokenOf(graph.world, exchange);
  const node = graph.world.node(id);
  if (!node || !mayReach(graph.world, token, node)) throw unknownObject(exchange.method, id);
  const key = [exchange.method, edge, ...more].filter((part) => part !== undefined).join(" ");
  switch (node.kind) {
    case "number":
      return routeOf(numberRoutes, key, exchange)({ graph, node, exchange });
    case "waba":
      return routeOf(wabaRoutes, key, exchange)({ graph, node, exchange });
    case "media":
      return routeOf(mediaRoutes, key, exchange)({ graph, node, exchange });
    case "template":
      return routeOf(templateRoutes, key, exchange)({ graph, node, exchange });
    case "app":
      return routeOf(appRoutes, key, exchange)({ graph, node: node.app, exchange });
  }
}

function routeOf<Node>(routes: NodeRoutes<Node>, key: string, exchange: Exchange): NodeRoutes<Node>[string] {
  const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
  if (!route) throw unknownPath(exchange);
  return route;
}

export function unknownPath(exchange: Exchange): GraphError {
  return new GraphError(2500, { message: `Unknown path components: ${exchange.path}` });
}
