import { conditionSchema } from "../../../contracts/condition.contract";
import type { EventMatch } from "./event.match";
import type { RuleDefinition } from "./rule.contract";
import { controlSteps } from "./steps";

const listOf = (value: EventMatch | readonly EventMatch[] | undefined): readonly EventMatch[] =>
  value === undefined ? [] : "event" in value ? [value] : value;

/** What ends, moves or restarts the runs of a rule, each as a list. */
export function eventsOf(definition: RuleDefinition): {
  exitOn: readonly EventMatch[];
  goal: readonly EventMatch[];
  rescheduleOn: readonly EventMatch[];
  restartOn: readonly EventMatch[];
} {
  const { restartOn } = definition.enrollment;
  return {
    exitOn: definition.exitOn,
    goal: listOf(definition.goal),
    rescheduleOn: definition.rescheduleOn,
    restartOn: typeof restartOn === "string" ? [asTrigger(definition, restartOn)] : listOf(restartOn),
  };
}

/** The trigger's own event by its name alone means one that the trigger's filter lets through, too. */
function asTrigger({ trigger }: RuleDefinition, event: string): EventMatch {
  const filter = event === trigger.event ? conditionSchema.safeParse(trigger.filter).data : undefined;
  return filter ? { event, filter } : { event };
}

/** Every event that runs of a rule may have to hear of. */
export function listensOf(definition: RuleDefinition): string[] {
  const lists = Object.values(eventsOf(definition)).flatMap((matches) => matches.map(({ event }) => event));
  const waits = definition.steps.flatMap(
    (step) => controlSteps.find(({ type }) => type === step.type)?.hears(step) ?? [],
  );
  return [...new Set([...lists, ...waits])].sort();
}
