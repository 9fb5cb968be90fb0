/** Which steps of a rule can be reached from its first. */
import { jumpsOf, nextOf, type RuleDefinition, type Step } from "./rule.contract";
import { type RuleProblem, warningAt } from "./rule.problem";

/** Steps that no way leads to. */
export function unreachableSteps({ steps }: RuleDefinition, pointer: string): RuleProblem[] {
  const places = new Map(steps.map(({ id }, index) => [id, index]));
  const reached = new Set<number>();
  const open = [0];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const step = steps[at];
    if (!step || reached.has(at)) continue;
    reached.add(at);
    const jumps = jumpsOf(step).map(({ to }) => places.get(to) ?? steps.length);
    open.push(...jumps, ...(goesOn(step) ? [at + 1] : []), ...(step.ifPast === "skip_next" ? [at + 2] : []));
  }
  return steps.flatMap(({ id }, index) =>
    reached.has(index)
      ? []
      : [warningAt(`${pointer}/steps/${index}`, "unreachable-step", `No way leads to the step ${id}.`)],
  );
}

/** Whether the run can go on to the step behind this one. */
function goesOn(step: Step): boolean {
  switch (step.type) {
    case "exit":
    case "split":
      return false;
    case "branch":
      return step.else === undefined;
    case "wait_for":
      return nextOf(step) === undefined && (step.onEvent === undefined || step.onTimeout === undefined);
    default:
      return nextOf(step) === undefined;
  }
}
