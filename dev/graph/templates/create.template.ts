/** `POST /{waba_id}/message_templates`. */
import * as z from "zod";
import { takeManagementCall } from "../accounts/management.limit";
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { templateCategories } from "../graph.options";
import { type Answer, jsonObject, ok } from "../http/exchange";
import type { WabaCall } from "../http/node.routes";
import { reviewLater } from "./review.template";
import { checkComponentsForCreation, templateError } from "./template.rules";
import { findTemplate, seedTemplate } from "./template.store";

const upperCase = z.string().transform((text) => text.toUpperCase());

const creationSchema = z.looseObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/, "must be 1 to 512 lower case letters, digits and underscores"),
  language: z.string().regex(/^[a-z]{2,3}(_[A-Z]{2,3})?$/, "must be a language code such as en or en_US"),
  category: upperCase.pipe(z.enum(templateCategories)),
  parameter_format: upperCase.pipe(z.enum(["POSITIONAL", "NAMED"])).default("POSITIONAL"),
  components: z.unknown(),
  message_send_ttl_seconds: z.int().optional(),
});

const templatesPerWaba = 250;
const creationsPerHour = 100;
const hourMs = 3_600_000;

/**
 * Creates a template, which is PENDING until its review. @throws GraphError 100 with 2388019 too many, 2388023 name
 * being deleted, 2388024 exists, and the format subcodes; 80007 above 100 creations an hour
 */
export function createTemplate({ graph, node, exchange }: WabaCall): Answer {
  takeManagementCall(graph, node.id);
  const parsed = creationSchema.safeParse(jsonObject(exchange));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new GraphError(100, { details: `Param ${issue?.path.join(".")} ${issue?.message}` });
  }
  const { name, language, category, parameter_format, message_send_ttl_seconds } = parsed.data;
  const components = checkComponentsForCreation(parsed.data.components, parameter_format);
  if (findTemplate(graph.world, node.id, name, language)) {
    throw templateError(
      2388024,
      "Content in this language already exists",
      `${name} in ${language} already exists.`,
    );
  }
  refuseBlockedName(graph, node.id, name);
  if (
    graph.world.templatesOf(node.id).filter(({ status }) => status !== "DELETED").length >= templatesPerWaba
  ) {
    throw templateError(2388019, "Limit reached", `A WABA can have ${templatesPerWaba} templates.`);
  }
  countCreation(graph, node.id);

  const generation = graph.world.templates.size;
  const template = seedTemplate(
    node.id,
    {
      name,
      language,
      category,
      parameter_format,
      components,
      status: "PENDING",
      ...(message_send_ttl_seconds === undefined ? {} : { message_send_ttl_seconds }),
    },
    generation,
  );
  graph.world.templates.set(template.id, template);
  reviewLater(graph, template);
  return ok({ id: template.id, status: template.status, category: template.category });
}

function refuseBlockedName(graph: Graph, wabaId: string, name: string): void {
  const untilMs = graph.world.blockedTemplateNames.get(`${wabaId}:${name}`) ?? 0;
  if (untilMs <= graph.clock.nowMs()) return;
  throw templateError(
    2388023,
    "Message template is being deleted",
    `${name} was deleted; the name can be used again 30 days later.`,
  );
}

function countCreation(graph: Graph, wabaId: string): void {
  const nowMs = graph.clock.nowMs();
  const recent = (graph.world.templateCreations.get(wabaId) ?? []).filter((atMs) => atMs > nowMs - hourMs);
  if (recent.length >= creationsPerHour) {
    throw new GraphError(80007, { details: `A WABA can create ${creationsPerHour} templates an hour` });
  }
  graph.world.templateCreations.set(wabaId, [...recent, nowMs]);
}
