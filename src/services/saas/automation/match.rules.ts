/** Does this event start this rule? Pure: everything it needs is handed in. */
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import { evaluateCondition, type TraceLine } from "../../../lib/condition";
import type { AutomationDecisionRecord } from "../../../model/saas/automation.run.schema";
import type { RuleDefinition } from "./rule.contract";
import { ruleFields } from "./rule.fields";
import type { RuleScope } from "./scope";

/** A chain of rules longer than this is taken for a loop. */
export const maxDepth = 5;

export interface Match {
  readonly outcome: Extract<
    AutomationDecisionRecord["outcome"],
    "enrolled" | "not_matched" | "loop_depth" | "loop_chain"
  >;
  readonly trace: readonly TraceLine[];
}

/** The word by which rules name this event. */
export function triggerOf(event: Pick<CrmEvent, "type" | "name">): string {
  return event.type === "external_event" ? `external_event:${event.name ?? ""}` : event.type;
}

/** Compares trigger, chain and conditions, in this order, and says why not. */
export function matchRule(
  rule: { id: string; definition: RuleDefinition },
  event: CrmEvent,
  scope: RuleScope,
  now: Date,
): Match {
  const { trigger, conditions, allowSelf } = rule.definition;
  const wanted: [string, string | undefined, unknown][] = [
    ["trigger.pipelineKey", trigger.pipelineKey, event.data.pipelineKey],
    ["trigger.toStageKey", trigger.toStageKey, event.data.toStageKey],
    ["trigger.fromStageKey", trigger.fromStageKey, event.data.fromStageKey],
    ["trigger.tag", trigger.tag, event.data.tag],
  ];
  const trace: TraceLine[] = wanted
    .filter(([, expected]) => expected !== undefined)
    .map(([field, expected, actual]) => ({
      field,
      op: "equals",
      expected,
      actual: actual ?? null,
      passed: actual === expected,
    }));
  for (const condition of [trigger.filter, conditions]) {
    if (!condition) continue;
    const verdict = evaluateCondition(condition, scope, ruleFields(scope.customFields), now);
    trace.push(...verdict.trace);
    if (!verdict.passed) return { outcome: "not_matched", trace };
  }
  if (trace.some((line) => line.field.startsWith("trigger.") && !line.passed))
    return { outcome: "not_matched", trace };
  if (!allowSelf && event.causation.ruleIds.includes(rule.id)) return { outcome: "loop_chain", trace };
  if (event.causation.depth > maxDepth) return { outcome: "loop_depth", trace };
  return { outcome: "enrolled", trace };
}
