/** `DELETE /{waba_id}/message_templates`: by name (all languages), by one id with its name, or by a list of ids. */
import { takeManagementCall } from "../accounts/management.limit";
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { type Answer, ok } from "../http/exchange";
import type { WabaCall } from "../http/node.routes";
import type { Template } from "../state/world";
import { announceStatus } from "./review.template";
import { templateError } from "./template.rules";

const blockedMs = 30 * 24 * 3_600_000;

/** All or nothing. @throws GraphError 100 when one is not there, 2388039 when one is disabled */
export function deleteTemplates({ graph, node, exchange }: WabaCall): Answer {
  takeManagementCall(graph, node.id);
  const chosen = chosenTemplates(graph, node.id, exchange.query);
  if (chosen.some(({ status }) => status === "DISABLED")) {
    throw templateError(2388039, "Cannot delete", "A disabled template cannot be deleted.");
  }
  for (const template of chosen) {
    if (template.status === "APPROVED") {
      graph.world.blockedTemplateNames.set(`${node.id}:${template.name}`, graph.clock.nowMs() + blockedMs);
    }
    template.status = "DELETED";
    announceStatus(graph, template);
  }
  return ok({ success: true });
}

function chosenTemplates(graph: Graph, wabaId: string, query: URLSearchParams): Template[] {
  const name = query.get("name");
  const id = query.get("hsm_id");
  const ids = query.get("hsm_ids");
  const present = graph.world.templatesOf(wabaId).filter(({ status }) => status !== "DELETED");
  if (ids !== null) {
    const wanted = listedIds(ids);
    const found = present.filter((template) => wanted.includes(template.id));
    if (found.length !== new Set(wanted).size) throw notThere();
    return found;
  }
  if (name === null) throw new GraphError(100, { message: "(#100) The parameter name is required." });
  const found = present.filter((template) => template.name === name && (id === null || template.id === id));
  if (found.length === 0) throw notThere();
  return found;
}

/** Read from the text, since ids may be given as JSON numbers too large for JSON.parse. */
function listedIds(ids: string): string[] {
  const wanted = ids.match(/\d+/g) ?? [];
  if (!/^\[[\s\d",]*\]$/.test(ids) || wanted.length === 0 || wanted.length > 100) {
    throw new GraphError(100, { details: "Param hsm_ids must be a JSON list of 1 to 100 ids" });
  }
  return wanted;
}

function notThere(): GraphError {
  return templateError(2593002, "Message template not found", "No such template in this account.");
}
