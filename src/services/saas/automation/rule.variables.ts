/** Do the texts of a rule parse, and do their variables, and its conditions, name something? */
import type { Condition } from "../../../contracts/condition.contract";
import { didYouMean } from "../../../contracts/suggestion";
import type { ConditionFields } from "../../../lib/condition";
import { templateSyntaxProblem, variablesIn } from "./render";
import type { RuleDefinition } from "./rule.contract";
import { errorAt, findIn, type RuleProblem, warningAt } from "./rule.problem";
import { type DeclaredEvent, eventFieldsOf } from "./trigger.data";

/** Of a rule's scope beside the fields that conditions know. */
const otherPaths = ["lead.deletedAt", "lead.mergedInto", "timezone", "locale", "currency", "country"];
const eventPaths = ["event.id", "event.type", "event.occurredAt"];
const roots = ["lead", "conversation", "message", "tenant", "event", "changes", "steps", "vars"];
/** Liquid's own words behind a list or a text. */
const listWords = new Set(["size", "first", "last"]);

/** A rule, and what its texts and conditions may name. */
export interface RuleWords {
  readonly definition: Pick<RuleDefinition, "trigger" | "steps">;
  readonly fields: ConditionFields;
  readonly eventTypes: readonly DeclaredEvent[];
  /** Where the rule stands, e.g. `/definition`. */
  readonly pointer: string;
}

/** Every text whose variables do not parse, or name nothing that there is. */
export function variableProblems(words: RuleWords): RuleProblem[] {
  const { definition, pointer } = words;
  const isText = (value: unknown) =>
    typeof value === "string" && /\{\{|\{%/.test(value) ? value : undefined;
  return findIn(definition, pointer, isText).flatMap(({ pointer: place, found: text }) => {
    const syntax = templateSyntaxProblem(text);
    if (syntax !== undefined) return [errorAt(place, "invalid-template", `This text ${syntax}.`)];
    return variablesIn(text).flatMap((path) => pathProblem(path, words, place));
  });
}

/** Paths of a condition that no field is declared for: what events tell, and what steps leave. */
export function conditionPathProblems(condition: Condition, words: RuleWords, place: string): RuleProblem[] {
  const { field, all, any, not } = condition;
  const within = (part: Condition, at: string) => conditionPathProblems(part, words, at);
  return [
    ...(all ?? []).flatMap((part, index) => within(part, `${place}/all/${index}`)),
    ...(any ?? []).flatMap((part, index) => within(part, `${place}/any/${index}`)),
    ...(not ? within(not, `${place}/not`) : []),
    ...(field !== undefined && /^(event|steps|vars)\./.test(field)
      ? pathProblem(field.split("."), words, `${place}/field`)
      : []),
  ];
}

/** The steps before the one in which a text stands; none for texts outside of steps. */
function stepsBefore(definition: Pick<RuleDefinition, "steps">, place: string): RuleDefinition["steps"] {
  const index = /^\/steps\/(\d+)\//.exec(place)?.[1];
  return index === undefined ? [] : definition.steps.slice(0, Number(index));
}

function pathProblem(path: readonly string[], words: RuleWords, place: string): RuleProblem[] {
  const { definition, fields, pointer } = words;
  const before = stepsBefore(definition, place.slice(pointer.length));
  const [root = "", second, ...rest] = path;
  const written = path.join(".");
  const unknown = (known: readonly string[]) => [
    errorAt(place, "unknown-variable", `There is no variable ${written}.${didYouMean(written, known)}`),
  ];
  const named = [...fields.named.keys(), ...otherPaths, ...eventPaths];
  if (root === "changes") return [];
  if (root === "vars") {
    const set = before.flatMap(({ type, name }) =>
      type === "set_var" && typeof name === "string" ? [name] : [],
    );
    return second !== undefined && set.includes(second) ? [] : unknown(set.map((name) => `vars.${name}`));
  }
  if (root === "steps") {
    const ids = before.map(({ id }) => id);
    return second !== undefined && ids.includes(second) && (rest.length === 0 || rest[0] === "output")
      ? []
      : unknown(ids.map((id) => [`steps.${id}.output`, ...rest.slice(1)].join(".")));
  }
  if (root === "event" && second === "data")
    return eventDataProblem(rest, eventAt(words, place), words.eventTypes, place);
  if (isNamed(written, named)) return [];
  if (!roots.includes(root))
    return unknown([...roots.map((each) => [each, ...path.slice(1)].join(".")), ...named]);
  return unknown(named);
}

/** A field, the object that holds it, or the length, beginning or end of it. */
function isNamed(path: string, named: readonly string[]): boolean {
  const parts = path.split(".");
  const short =
    listWords.has(parts.at(-1) ?? "") || /^\d+$/.test(parts.at(-1) ?? "") ? parts.slice(0, -1) : parts;
  return [path, short.join(".")].some((each) =>
    each.includes(".") || each === path
      ? named.some((name) => name === each || (each.split(".").length > 1 && name.startsWith(`${each}.`)))
      : false,
  );
}

/** The event whose data stand here: the one that a filter is about, else the rule's trigger. */
function eventAt({ definition, pointer }: RuleWords, place: string): string {
  let event = definition.trigger.event;
  let value: unknown = definition;
  for (const name of place.slice(pointer.length + 1).split("/")) {
    if (typeof value !== "object" || value === null) break;
    value = Reflect.get(value, name);
    const own: unknown =
      typeof value === "object" && value !== null ? Reflect.get(value, "event") : undefined;
    if (typeof own === "string") event = own;
  }
  return event;
}

function eventDataProblem(
  rest: readonly string[],
  event: string,
  eventTypes: readonly DeclaredEvent[],
  place: string,
): RuleProblem[] {
  const { fields, open } = eventFieldsOf(event, eventTypes);
  const names = Object.keys(fields);
  const name = rest.join(".");
  const isKnown = names.some((each) => each === name || each.startsWith(`${name}.`));
  if (rest.length === 0 || isKnown) return [];
  const hint = didYouMean(name, names);
  if (open && hint === "") return [];
  const detail = `The data of ${event} has no ${name} that we know of.${hint}`;
  return [warningAt(place, "unknown-variable", detail)];
}
