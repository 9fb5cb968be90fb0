/** Where a run goes from a step, and whether its lead is still there to go on with. Pure. */
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { nextOf, type RuleDefinition, type Step } from "./rule.contract";
import type { RuleScope } from "./scope";
import type { Move } from "./steps/control.step";

/** A rule about deleted leads goes on with them; others leave them alone. */
export function goneReason(
  scope: RuleScope,
  run: Pick<AutomationRunRecord, "triggerEvent">,
): string | undefined {
  if (!scope.lead) return "lead_gone";
  if (scope.lead.mergedInto) return "lead_merged";
  return scope.lead.deletedAt && run.triggerEvent.type !== "lead_deleted" ? "lead_deleted" : undefined;
}

/** @returns the step that a control step's move leads to; null: behind the last. */
export function targetOf(definition: RuleDefinition, step: Step, move: Move): string | null {
  if (move.kind === "goto") return move.stepId;
  return following(definition, step, move.kind === "skip_next" ? 2 : 1);
}

/** @returns the step so many places on, or the one that the step names to follow it; null: behind the last. */
export function following(definition: RuleDefinition, step: Step, places: number): string | null {
  const named = nextOf(step);
  if (places === 1 && named !== undefined) return named;
  const index = definition.steps.findIndex(({ id }) => id === step.id);
  return definition.steps[index + places]?.id ?? null;
}
