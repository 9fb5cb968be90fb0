/** `GET /{waba_id}/message_templates`. Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates */
import { takeManagementCall } from "../accounts/management.limit";
import { type Answer, ok } from "../http/exchange";
import { pickFields } from "../http/fields";
import type { WabaCall } from "../http/node.routes";
import { pageOf } from "../http/paging";
import type { Template } from "../state/world";
import { describeTemplate } from "./template.store";

export const defaultFields = [
  "name",
  "parameter_format",
  "components",
  "language",
  "status",
  "category",
  "previous_category",
  "message_send_ttl_seconds",
];

/** Filters: name (part of it), name_or_content, status, language, category, quality_score; then one page. */
export function listTemplates({ graph, node, exchange }: WabaCall): Answer {
  takeManagementCall(graph, node.id);
  const kept = graph.world
    .templatesOf(node.id)
    .filter((template) => template.status !== "DELETED" && wanted(template, exchange.query));
  const page = pageOf(kept, ({ id }) => id, exchange, graph.address());
  const fields = exchange.query.get("fields");
  const data = page.data.map((template) =>
    pickFields(describeTemplate(graph, template), fields, defaultFields),
  );
  return ok({ ...page, data });
}

function wanted(template: Template, query: URLSearchParams): boolean {
  const filters: [string, (value: string) => boolean][] = [
    ["name", (value) => template.name.includes(value)],
    ["name_or_content", (value) => `${template.name} ${JSON.stringify(template.components)}`.includes(value)],
    ["status", (value) => oneOf(value, template.status)],
    ["language", (value) => oneOf(value, template.language)],
    ["category", (value) => oneOf(value, template.category)],
    ["quality_score", (value) => oneOf(value, template.quality)],
  ];
  return filters.every(([name, matches]) => {
    const value = query.get(name);
    return value === null || matches(value);
  });
}

/** Filters take one value, several with commas, or a JSON array. */
function oneOf(given: string, actual: string): boolean {
  return given
    .replace(/[[\]"\s]/g, "")
    .split(",")
    .some((value) => value.toUpperCase() === actual.toUpperCase());
}
