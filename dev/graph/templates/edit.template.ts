/** `POST /{template_id}`. */
import * as z from "zod";
import { takeManagementCall } from "../accounts/management.limit";
import { GraphError } from "../errors/graph.error";
import { templateCategories } from "../graph.options";
import { type Answer, jsonObject, ok } from "../http/exchange";
import type { NodeCall } from "../http/node.routes";
import type { Template } from "../state/world";
import { reviewLater } from "./review.template";
import { checkComponentsForCreation, templateError } from "./template.rules";

const editSchema = z.strictObject({
  components: z.array(z.unknown()).optional(),
  category: z
    .string()
    .transform((text) => text.toUpperCase())
    .pipe(z.enum(templateCategories))
    .optional(),
  message_send_ttl_seconds: z.int().optional(),
});

const dayMs = 24 * 3_600_000;
const editable = ["APPROVED", "REJECTED", "PAUSED"];

/** Replaces what is given and starts a new review. @throws GraphError 100 with 2388039 when it may not be edited now */
export function editTemplate({ graph, node: template, exchange }: NodeCall<Template>): Answer {
  takeManagementCall(graph, template.wabaId);
  const parsed = editSchema.safeParse(jsonObject(exchange));
  if (!parsed.success) {
    throw new GraphError(100, {
      details: "Only components, category and message_send_ttl_seconds can be edited",
    });
  }
  if (!editable.includes(template.status)) {
    throw templateError(2388039, "Cannot edit", `A template that is ${template.status} cannot be edited.`);
  }
  const { components, category, message_send_ttl_seconds } = parsed.data;
  if (template.status === "APPROVED") {
    refuseTooMany(template, graph.clock.nowMs());
    if (category !== undefined) {
      throw templateError(2388039, "Cannot edit", "The category of an approved template cannot be changed.");
    }
  }
  if (components) template.components = checkComponentsForCreation(components, template.parameterFormat);
  if (category) template.category = category;
  if (message_send_ttl_seconds !== undefined) template.ttlSeconds = message_send_ttl_seconds;
  template.editedAtMs.push(graph.clock.nowMs());
  template.status = "PENDING";
  reviewLater(graph, template);
  return ok({ success: true });
}

/** An approved template: once in 24 hours, ten times in 30 days. */
function refuseTooMany(template: Template, nowMs: number): void {
  const within = (ms: number) => template.editedAtMs.filter((atMs) => atMs > nowMs - ms).length;
  if (within(dayMs) < 1 && within(30 * dayMs) < 10) return;
  throw templateError(
    2388039,
    "Cannot edit",
    "An approved template can be edited once in 24 hours and ten times in 30 days.",
  );
}
