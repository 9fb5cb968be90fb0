/** Does what rules name exist in the tenant: stages, teams, users, rules, media, templates and their variables? */
import type { RuleReference } from "../../../contracts/automation.file.contract";
import { didYouMean } from "../../../contracts/suggestion";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { livingStages } from "../crm/stage.lookup";
import { type Known, readKnown } from "./known.references";
import type { RuleDefinition } from "./rule.contract";
import { errorAt, type RuleProblem, warningAt } from "./rule.problem";
import { type Named, referencesOf } from "./rule.references";
import { templateProblems } from "./template.problems";

/** A rule and where it stands, e.g. at `/definition`. */
export interface RuleAt {
  readonly definition: RuleDefinition;
  readonly pointer: string;
}

/** The problems of each of these rules, in their order; the tenant is read once for all of them. */
export async function referenceProblems(
  ctx: TenantContext,
  rules: readonly RuleAt[],
): Promise<RuleProblem[][]> {
  const named = rules.map(({ definition, pointer }) => referencesOf(definition, pointer));
  const known = await readKnown(ctx, named.flat());
  return named.map((each) => each.flatMap((one) => problemsOf(one, known)));
}

/** What a rule names and the tenant does not have now, or cannot send now. */
export async function missingReferences(
  ctx: TenantContext,
  definition: RuleDefinition,
): Promise<RuleReference[]> {
  const named = referencesOf(definition, "");
  const known = await readKnown(ctx, named);
  return named.flatMap(({ kind, key, pointer, beside }) => {
    if (kind === "lost_reason" || kind === "event_type") return [];
    const isMissing = problemsOf({ kind, key, pointer, beside }, known).some(({ code }) => absent.has(code));
    return isMissing ? [{ kind, key, pointer }] : [];
  });
}

const absent = new Set(["invalid-reference", "unknown-template", "template-not-approved"]);

function problemsOf(named: Named, known: Known): RuleProblem[] {
  const { key: name, pointer: place } = named;
  const missing = (what: string, names: Iterable<string> = []) => [
    errorAt(place, "invalid-reference", `There is no ${what} ${name}.${didYouMean(name, names)}`),
  ];
  // What is free to be named is worth a word only where another was meant.
  const near = (code: string, what: string, names: readonly string[]) => {
    const hint = names.includes(name) ? "" : didYouMean(name, names);
    return hint === "" ? [] : [warningAt(place, code, `There is no ${what} ${name}.${hint}`)];
  };
  switch (named.kind) {
    case "stage": {
      const { pipelineKey } = named.beside;
      const pipelines = known.pipelines.filter(({ key }) => pipelineKey === undefined || key === pipelineKey);
      // A pipeline that is not here is told of where it is named.
      if (pipelines.length === 0 && pipelineKey !== undefined) return [];
      const keys = pipelines.flatMap((pipeline) => livingStages(pipeline).map(({ key }) => key));
      return keys.includes(name) ? [] : missing("stage", keys);
    }
    case "pipeline": {
      const keys = known.pipelines.map(({ key }) => key);
      return keys.includes(name) ? [] : missing("pipeline", keys);
    }
    case "team":
      return known.teams.includes(name) ? [] : missing("team", known.teams);
    case "user":
      return known.users.includes(name) ? [] : missing("active user", known.users);
    case "media":
      return known.media.includes(name) ? [] : missing("media item", known.mediaKeys);
    case "automation": {
      const rule = known.rules.get(name);
      if (!rule) return missing("rule", known.ruleNames);
      const detail = "The rule that it names is not enabled; until it is, this step fails.";
      return rule.enabled ? [] : [warningAt(place, "rule-not-enabled", detail)];
    }
    case "template":
      return templateProblems(named, known);
    case "field":
      return known.fields.includes(name) ? [] : missing("custom field", known.fields);
    case "lost_reason":
      return near("unknown-lost-reason", "lost reason", known.lostReasons);
    case "event_type":
      return near("unknown-event-type", "declared event type", known.eventTypes);
  }
}
