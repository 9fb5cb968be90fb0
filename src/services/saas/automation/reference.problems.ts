/** Does what a rule names exist in the tenant: stages, teams, users, rules, media, templates and their variables? */
import { Types, trusted } from "mongoose";
import { didYouMean } from "../../../contracts/suggestion";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import { readTemplateShape } from "../../../lib/whatsapp/template/template.shape";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import { livingStages } from "../crm/stage.lookup";
import { activeUsers } from "../crm/user.read";
import type { RuleDefinition } from "./rule.contract";
import { errorAt, type RuleProblem, warningAt } from "./rule.problem";
import { type Named, referencesOf, usableMedia } from "./rule.references";

/** @param pointer where the rule stands, e.g. `/definition`. */
export async function referenceProblems(
  ctx: TenantContext,
  definition: RuleDefinition,
  pointer: string,
): Promise<RuleProblem[]> {
  const named = referencesOf(definition, pointer);
  if (named.length === 0) return [];
  const known = await readKnown(ctx, named);
  return named.flatMap((each) => problemsOf(each, known));
}

interface Known {
  readonly pipelines: readonly PipelineRecord[];
  readonly teams: readonly string[];
  readonly users: readonly string[];
  readonly rules: ReadonlyMap<string, { readonly enabled: boolean }>;
  readonly media: ReadonlySet<string>;
  readonly templates: readonly TemplateRecord[];
}

async function readKnown(ctx: TenantContext, named: readonly Named[]): Promise<Known> {
  const models = await getCrmModels(ctx.clientCode);
  const names = (kind: Named["kind"]) => [
    ...new Set(named.filter((each) => each.kind === kind).map(({ key }) => key)),
  ];
  const [pipelines, teams, users, rules, media, templates] = await Promise.all([
    models.Pipeline.find().lean(),
    names("team").length === 0 ? [] : models.Team.find().select({ key: 1 }).lean(),
    activeUsers(ctx, names("user")),
    models.AutomationRule.find({ _id: trusted({ $in: idsOf(names("automation")) }) })
      .select({ enabled: 1 })
      .lean(),
    usableMedia(models, names("media")),
    templatesOf(models, names("template")),
  ]);
  return {
    pipelines,
    teams: teams.map(({ key }) => key),
    users: users.map(({ key }) => key),
    rules: new Map(rules.map(({ _id, enabled }) => [_id.toHexString(), { enabled }])),
    media,
    templates,
  };
}

const idsOf = (names: readonly string[]): Types.ObjectId[] =>
  names.filter((name) => /^[0-9a-f]{24}$/.test(name)).map((name) => new Types.ObjectId(name));

/** All of them when any is named, so that a near one can be suggested. */
async function templatesOf({ Template }: Pick<CrmModels, "Template">, names: readonly string[]) {
  return names.length === 0 ? [] : Template.find({ deletedAt: null }).limit(2_000).lean();
}

function problemsOf(named: Named, known: Known): RuleProblem[] {
  const { key: name, pointer: place } = named;
  const missing = (what: string, names: Iterable<string> = []) => [
    errorAt(place, "invalid-reference", `There is no ${what} ${name}.${didYouMean(name, names)}`),
  ];
  switch (named.kind) {
    case "stage": {
      const near = known.pipelines.filter(
        ({ key }) => named.beside.pipelineKey === undefined || key === named.beside.pipelineKey,
      );
      const keys = near.flatMap((pipeline) => livingStages(pipeline).map(({ key }) => key));
      return near.length === 0 || keys.includes(name) ? [] : missing("stage", keys);
    }
    case "pipeline": {
      const keys = known.pipelines.map(({ key }) => key);
      return keys.includes(name) ? [] : missing("pipeline", keys);
    }
    case "team":
      return known.teams.includes(name) ? [] : missing("team", known.teams);
    case "user":
      return known.users.includes(name) ? [] : missing("active user");
    case "media":
      return known.media.has(name) ? [] : missing("media item");
    case "automation": {
      const rule = known.rules.get(name);
      if (!rule) return missing("rule");
      const detail = "The rule that it names is not enabled; until it is, this step fails.";
      return rule.enabled ? [] : [warningAt(place, "rule-not-enabled", detail)];
    }
    case "template":
      return templateProblems(named, known.templates);
    case "field":
      // Asked of every condition by the check of fields, with what was meant.
      return [];
  }
}

/** Templates come from Meta and may be approved later: one that is not here yet is no error. */
function templateProblems(
  { key: name, pointer: place, beside }: Named,
  templates: readonly TemplateRecord[],
): RuleProblem[] {
  const warn = (code: string, detail: string) => [warningAt(place, code, detail)];
  const versions = templates.filter((template) => template.name === name);
  if (versions.length === 0) {
    const names = templates.map((template) => template.name);
    const detail = `There is no template ${name} yet; until it is synced, this step fails.`;
    return warn("unknown-template", detail + didYouMean(name, names));
  }
  const { language } = beside;
  const inLanguage =
    typeof language === "string" ? versions.filter((each) => each.language === language) : versions;
  const languages = versions.map((each) => each.language).join(", ");
  if (inLanguage.length === 0)
    return warn("unknown-template", `The template does not exist in this language, only in: ${languages}.`);
  const approved = inLanguage.filter(({ status }) => status === "APPROVED");
  const [template] = approved;
  if (!template)
    return warn(
      "template-not-approved",
      `The template is ${inLanguage[0]?.status}; only an APPROVED one is sent.`,
    );
  if (approved.length > 1)
    return [
      errorAt(
        place,
        "ambiguous-template",
        `The template exists in several languages. Name one: ${languages}.`,
      ),
    ];
  return fillingProblems(template, beside, place);
}

/** Named variables of a template without a text, and texts without a variable. */
function fillingProblems(template: TemplateRecord, beside: Named["beside"], place: string): RuleProblem[] {
  const given = typeof beside.variables === "object" && beside.variables !== null ? beside.variables : {};
  const names = Object.keys(given);
  const { allSlots } = readTemplateShape(template);
  const required = allSlots.filter((slot) => slot.required).map(({ key }) => key);
  const base = place.slice(0, place.lastIndexOf("/"));
  return [
    ...[...new Set(required)]
      .filter((key) => !names.includes(key) && !(key === "header" && beside.headerMediaId !== undefined))
      .map((key) =>
        errorAt(
          `${base}/variables`,
          "missing-variable",
          `The template needs a text for its variable ${key}.`,
        ),
      ),
    ...names
      .filter((key) => !allSlots.some((slot) => slot.key === key))
      .map((key) => {
        const hint = didYouMean(
          key,
          allSlots.map((slot) => slot.key),
        );
        return warningAt(
          `${base}/variables/${key}`,
          "unknown-variable",
          `The template has no variable ${key}.${hint}`,
        );
      }),
  ];
}
