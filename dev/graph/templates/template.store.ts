/** Templates as they are kept, found and shown. */
import type { Graph } from "../graph.context";
import type { TemplateDefinition } from "../graph.options";
import { templateIdOf } from "../state/identifiers";
import type { Template, World } from "../state/world";

/** A template as a definition describes it; approved unless it says otherwise. */
export function seedTemplate(wabaId: string, definition: TemplateDefinition, generation = 0): Template {
  return {
    kind: "template",
    id: templateIdOf(wabaId, definition.name, definition.language, generation),
    wabaId,
    name: definition.name,
    language: definition.language,
    category: definition.category,
    previousCategory: undefined,
    parameterFormat: definition.parameter_format ?? "POSITIONAL",
    components: structuredClone(definition.components),
    ttlSeconds: definition.message_send_ttl_seconds,
    status: definition.status ?? "APPROVED",
    quality: definition.quality ?? "UNKNOWN",
    qualityAtSeconds: 0,
    rejectedReason: definition.status === "REJECTED" ? "PROMOTIONAL" : "NONE",
    messageStatus: "accepted",
    editedAtMs: [],
  };
}

/** The one template that (WABA, name, language) names; language codes must match exactly. */
export function findTemplate(
  world: World,
  wabaId: string,
  name: string,
  language: string,
): Template | undefined {
  return world
    .templatesOf(wabaId)
    .find(
      (template) => template.name === name && template.language === language && template.status !== "DELETED",
    );
}

/** Every field a listing can have; ids are strings here and numbers in webhooks. */
export function describeTemplate(graph: Graph, template: Template): Record<string, unknown> {
  return {
    id: template.id,
    name: template.name,
    language: template.language,
    status: template.status,
    category: template.category,
    previous_category: template.previousCategory,
    parameter_format: template.parameterFormat,
    components: withReadableMedia(graph, template.components),
    message_send_ttl_seconds: template.ttlSeconds,
    quality_score: { score: template.quality, date: template.qualityAtSeconds },
    rejected_reason: template.rejectedReason,
  };
}

/** Listings show an address where creation took an upload handle. */
function withReadableMedia(graph: Graph, components: readonly unknown[]): unknown[] {
  const shown: unknown = JSON.parse(
    JSON.stringify(components, (key, value: unknown) =>
      key === "header_handle" ? [`${graph.address()}/template-example`] : value,
    ),
  );
  return Array.isArray(shown) ? shown : [];
}
