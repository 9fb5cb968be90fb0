/** What must be right before anybody is written to: the texts, and the template. */
import type { CreateBroadcast } from "../../../../contracts/broadcast.contract";
import { AppError, type ProblemDetail } from "../../../../lib/errors/app.error";
import { invalidRequest } from "../../../../lib/http/validation.problem";
import type { Change } from "../../../../lib/tenant/commit.change";
import type { CrmModels } from "../../../../lib/tenant/get.crm.model";
import { readTemplateShape } from "../../../../lib/whatsapp/template/template.shape";
import { missingVariables } from "../../../../lib/whatsapp/template/template.values";
import type { BroadcastRecord } from "../../../../model/saas/broadcast.schema";
import type { ConnectionRecord } from "../../../../model/saas/connection.schema";
import { findSendableTemplate } from "../../messaging/compose.template";
import { templateSyntaxProblem, variablesIn } from "../render";
import { ruleFields } from "../rule.fields";
import { variableProblems } from "../rule.variables";

/** What rules know of an event; nothing happened to the people of a broadcast. */
const eventRoots = ["event", "message", "conversation", "changes", "steps", "vars"];

/** @throws AppError validation-failed with a pointer to each text that does not parse or names nothing. */
export async function checkTexts(
  models: CrmModels,
  variables: CreateBroadcast["template"]["variables"],
): Promise<void> {
  const fields = ruleFields(await models.CustomField.find({}).lean());
  const told = { trigger: { event: "manual" }, steps: [], variables };
  const problems = variableProblems({
    definition: told,
    fields,
    eventTypes: [],
    pointer: "/template",
  });
  const errors = problems.map(({ pointer, code, detail }) => ({ pointer, code, detail }));
  const outside = Object.entries(variables).flatMap(([key, text]) => outsideOf(key, text));
  if (errors.length + outside.length > 0) throw invalidRequest([...errors, ...outside]);
}

function outsideOf(key: string, text: string): ProblemDetail[] {
  if (!/\{\{|\{%/.test(text) || templateSyntaxProblem(text) !== undefined) return [];
  return variablesIn(text)
    .filter(([root = ""]) => eventRoots.includes(root))
    .map((path) => ({
      pointer: `/template/variables/${key}`,
      code: "unknown-variable",
      detail: `A broadcast knows the lead and the tenant; it has no ${path.join(".")}.`,
    }));
}

/**
 * The template, as this number may send it now, with a text for each of its variables.
 * @throws AppError template-not-sendable, missing-variable
 */
export async function requireTemplate(
  change: Change,
  { wabaId }: Pick<ConnectionRecord, "wabaId">,
  template: BroadcastRecord["template"],
): Promise<void> {
  const stored = await findSendableTemplate(change, wabaId, template);
  const shape = readTemplateShape(stored);
  const missing = missingVariables(shape, template.variables);
  if (missing.length > 0)
    throw new AppError("missing-variable", `The template needs values for ${missing.join(", ")}.`);
}
