/** `POST /_sim/templates`: Meta decides something about a template, and says so in a webhook. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import { templateCategories, templateStatuses } from "../graph.options";
import { announceCategory, announceQuality, announceStatus } from "../templates/review.template";
import { describeTemplate, seedTemplate } from "../templates/template.store";
import { parseControl, SimError } from "./sim.error";

const eventsWithoutState = ["FLAGGED", "REINSTATED", "UNARCHIVED"] as const;

const controlSchema = z.strictObject({
  wabaId: z.string(),
  name: z.string(),
  language: z.string().default("en_US"),
  status: z.enum(templateStatuses).optional(),
  event: z.enum(eventsWithoutState).optional().describe("A status event that is not a state"),
  reason: z.string().optional().describe("Of a rejection"),
  quality: z.enum(["GREEN", "YELLOW", "RED", "UNKNOWN"]).optional(),
  category: z.enum(templateCategories).optional(),
  messageStatus: z.enum(["accepted", "held_for_quality_assessment", "paused"]).optional(),
  components: z.array(z.unknown()).optional().describe("With a template that does not exist: makes it"),
  parameterFormat: z.enum(["POSITIONAL", "NAMED"]).optional(),
  silent: z.boolean().default(false).describe("Change it without a webhook"),
});

export function changeTemplate(graph: Graph, body: unknown): unknown {
  const control = parseControl(controlSchema, body);
  const { status, event, reason, quality, category, silent } = control;
  const template = existing(graph, control) ?? made(graph, control);
  if (control.components) template.components = control.components;
  if (control.messageStatus) template.messageStatus = control.messageStatus;
  if (status) {
    template.status = status;
    template.rejectedReason = status === "REJECTED" ? (reason ?? "PROMOTIONAL") : "NONE";
  }
  if (!silent && (status || event)) announceStatus(graph, template, event ?? template.status);
  if (quality && quality !== template.quality) {
    const previous = template.quality;
    template.quality = quality;
    template.qualityAtSeconds = graph.clock.nowSeconds();
    if (!silent) announceQuality(graph, template, previous);
  }
  if (category && category !== template.category) {
    template.previousCategory = template.category;
    template.category = category;
    if (!silent) announceCategory(graph, template);
  }
  return { template: describeTemplate(graph, template) };
}

type Control = z.infer<typeof controlSchema>;

function existing(graph: Graph, { wabaId, name, language }: Control) {
  return graph.world
    .templatesOf(wabaId)
    .find((template) => template.name === name && template.language === language);
}

function made(graph: Graph, control: Control) {
  if (!graph.world.wabas.has(control.wabaId)) throw new SimError(`There is no WABA ${control.wabaId}`, 404);
  if (!control.components) {
    throw new SimError(
      `There is no template ${control.name} in ${control.language}. Give components to make it`,
      404,
    );
  }
  const template = seedTemplate(control.wabaId, {
    name: control.name,
    language: control.language,
    category: control.category ?? "UTILITY",
    components: control.components,
    parameter_format: control.parameterFormat ?? "POSITIONAL",
  });
  graph.world.templates.set(template.id, template);
  return template;
}
