/** Can a rule's step send the template that it names: is there one, is it approved, and has it all its variables? */
import { didYouMean } from "../../../contracts/suggestion";
import { readTemplateShape } from "../../../lib/whatsapp/template/template.shape";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import type { Known } from "./known.references";
import { errorAt, type RuleProblem, warningAt } from "./rule.problem";
import type { Named } from "./rule.references";

/** Templates are made at Meta and reviewed there: a rule that names one is published when it is here and approved. */
export function templateProblems(
  { key: name, pointer: place, beside }: Named,
  { templates, templateNames }: Pick<Known, "templates" | "templateNames">,
): RuleProblem[] {
  const wrong = (code: string, detail: string) => [errorAt(place, code, detail)];
  const versions = templates.filter((template) => template.name === name);
  if (versions.length === 0) {
    const detail = `There is no template ${name}; make it at Meta, or sync the templates.`;
    return wrong("unknown-template", detail + didYouMean(name, templateNames));
  }
  const { language } = beside;
  const inLanguage =
    typeof language === "string" ? versions.filter((each) => each.language === language) : versions;
  const languages = versions.map((each) => each.language).join(", ");
  if (inLanguage.length === 0)
    return wrong("unknown-template", `The template does not exist in this language, only in: ${languages}.`);
  const approved = inLanguage.filter(({ status }) => status === "APPROVED");
  const [template] = approved;
  if (!template)
    return wrong(
      "template-not-approved",
      `The template is ${inLanguage[0]?.status}; only an APPROVED one is sent.`,
    );
  if (approved.length > 1)
    return wrong("ambiguous-template", `The template exists in several languages. Name one: ${languages}.`);
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
