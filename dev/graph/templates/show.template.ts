import { takeManagementCall } from "../accounts/management.limit";
import { type Answer, ok } from "../http/exchange";
import { pickFields } from "../http/fields";
import type { NodeCall } from "../http/node.routes";
import type { Template } from "../state/world";
import { defaultFields } from "./list.templates";
import { describeTemplate } from "./template.store";

/** `GET /{template_id}?fields=` */
export function showTemplate({ graph, node, exchange }: NodeCall<Template>): Answer {
  takeManagementCall(graph, node.wabaId);
  return ok(pickFields(describeTemplate(graph, node), exchange.query.get("fields"), defaultFields));
}
