/** Reviews: what becomes of a template some time after it was written, and the webhooks that tell. */
import type { Graph } from "../graph.context";
import type { Template } from "../state/world";
import { accountChange } from "../webhooks/envelope";

/** Decides as the settings say, after their delay; `MANUAL` leaves it to `POST /_sim/templates`. */
export function reviewLater(graph: Graph, template: Template): void {
  const { decision, afterMs, reason } = graph.world.settings.review;
  if (decision === "MANUAL") return;
  graph.timers.after(afterMs, () => {
    if (template.status !== "PENDING" || !graph.world.templates.has(template.id)) return;
    template.rejectedReason = decision === "REJECTED" ? (reason ?? "INVALID_FORMAT") : "NONE";
    template.status = decision;
    announceStatus(graph, template);
  });
}

/** Sends `message_template_status_update`; `event` may be one that is not a state (FLAGGED, REINSTATED...). */
export function announceStatus(graph: Graph, template: Template, event: string = template.status): void {
  const rejected = event === "REJECTED" ? template.rejectedReason : "NONE";
  send(graph, template, "message_template_status_update", {
    event,
    message_template_id: BigInt(template.id),
    message_template_name: template.name,
    message_template_language: template.language,
    message_template_category: template.category,
    reason: rejected,
    ...(rejected === "INVALID_FORMAT"
      ? {
          rejection_info: {
            reason: "The template has format errors",
            recommendation: "Edit it and submit it again",
          },
        }
      : {}),
    ...(event === "PAUSED"
      ? { other_info: { title: "FIRST_PAUSE", description: "Paused for 3 hours because of low quality" } }
      : {}),
    ...(event === "DISABLED" ? { disable_info: { disable_date: String(graph.clock.nowSeconds()) } } : {}),
  });
}

/** Sends `message_template_quality_update`. */
export function announceQuality(graph: Graph, template: Template, previous: Template["quality"]): void {
  send(graph, template, "message_template_quality_update", {
    previous_quality_score: previous,
    new_quality_score: template.quality,
    message_template_id: BigInt(template.id),
    message_template_name: template.name,
    message_template_language: template.language,
  });
}

/** Sends `template_category_update` of a change that was made. */
export function announceCategory(graph: Graph, template: Template): void {
  send(graph, template, "template_category_update", {
    message_template_id: BigInt(template.id),
    message_template_name: template.name,
    message_template_language: template.language,
    previous_category: template.previousCategory ?? template.category,
    new_category: template.category,
  });
}

function send(graph: Graph, template: Template, field: string, value: Record<string, unknown>): void {
  const entry = accountChange(template.wabaId, graph.clock.nowSeconds(), field, value);
  graph.webhooks.enqueue({ wabaId: template.wabaId, phoneNumberId: undefined, entries: [entry] });
}
