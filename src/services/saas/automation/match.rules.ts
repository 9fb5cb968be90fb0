/** Does this event start this rule? Pure: everything it needs is handed in. */

import { conditionSchema } from "../../../contracts/condition.contract";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TraceLine } from "../../../lib/condition";
import type { AutomationDecisionRecord } from "../../../model/saas/automation.run.schema";
import type { RuleDefinition } from "./rule.contract";
import { judgeCondition } from "./rule.fields";
import type { RuleScope } from "./scope";
import { compareTrigger } from "./triggers";

/** A chain of rules longer than this is taken for a loop. */
const maxDepth = 5;

const ownDoing =
  "What happened follows from what this rule did itself. Set allowSelf if it is meant to start itself.";
const tooDeep = `More than ${maxDepth} rules have set each other off in a row.`;

export interface Match {
  readonly outcome: AutomationDecisionRecord["outcome"];
  readonly trace: readonly TraceLine[];
  readonly reason?: string;
}

/** Compares trigger, chain and conditions, in this order, and says why not. */
export function matchRule(
  rule: { id: string; definition: RuleDefinition },
  event: CrmEvent,
  scope: RuleScope,
  now: Date,
): Match {
  const { trigger, conditions, allowSelf } = rule.definition;
  // Whoever starts a rule by hand asks for it whatever its trigger is.
  const byHand = event.type === "manual";
  const trace: TraceLine[] = byHand ? [] : compareTrigger(trigger, event);
  if (trace.some(({ passed }) => !passed)) return { outcome: "not_matched", trace };
  for (const condition of byHand ? [conditions] : [trigger.filter, conditions]) {
    if (condition === undefined) continue;
    const verdict = judgeCondition(conditionSchema.parse(condition), scope, now);
    trace.push(...verdict.trace);
    if (!verdict.passed) return { outcome: "not_matched", trace };
  }
  if (!allowSelf && event.causation.ruleIds.includes(rule.id))
    return { outcome: "loop_chain", trace, reason: ownDoing };
  if (event.causation.depth > maxDepth) return { outcome: "loop_depth", trace, reason: tooDeep };
  return { outcome: "enrolled", trace };
}
