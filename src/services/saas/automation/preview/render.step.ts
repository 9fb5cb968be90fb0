/** What an acting step would do it with: its settings with values in them, and the message as the lead would read it. */
import type { PlannedStep } from "../../../../contracts/automation.insight.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { renderTemplate } from "../../../../lib/whatsapp/template/render.template";
import { readTemplateShape } from "../../../../lib/whatsapp/template/template.shape";
import { missingVariables } from "../../../../lib/whatsapp/template/template.values";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { marketingRefusal } from "../../messaging/refuse.unwanted";
import { windowClosedSchema } from "../actions/send.as.rule";
import { renderText } from "../render";
import { actingSchema, type Step } from "../rule.contract";
import type { RuleScope } from "../scope";

type Rendered = Pick<PlannedStep, "input" | "output" | "text" | "reason">;

/** What steps leave that only doing them tells; later texts that name it render to the name in angle brackets. */
const leftBy: Readonly<Record<string, readonly string[]>> = {
  send_template: ["messageId"],
  send_message: ["messageId"],
  send_media: ["messageId"],
  create_meeting: ["meetingId"],
  create_task: ["taskId", "assigneeId"],
  add_note: ["noteId"],
  notify: ["notified"],
  assign: ["ownerId", "teamId"],
};
/** Read as they are written, whatever is in them. */
const verbatim = new Set(["tag", "url"]);
const actingKeys = new Set(["id", "type", "next", ...Object.keys(actingSchema.shape)]);

/**
 * @param service whether WhatsApp takes anything but a template at the time of the step
 * @throws AppError missing-variable, outside-service-window, template-not-sendable, opted-out: what would fail the step
 */
export async function renderStep(
  ctx: TenantContext,
  step: Step,
  scope: RuleScope,
  service: { readonly open: boolean; readonly lead: LeadRecord },
): Promise<Rendered> {
  const settings = Object.entries(step).filter(([name]) => !actingKeys.has(name) && name !== "windowClosed");
  const input: Record<string, unknown> = {};
  for (const [name, value] of settings)
    input[name] = verbatim.has(name) ? value : await renderIn(value, scope);
  const output = Object.fromEntries((leftBy[step.type] ?? []).map((name) => [name, `<${name}>`]));
  if (step.type === "send_template") {
    const { template, language, variables } = input;
    const text = await templateText(ctx, service.lead, { name: template, language, variables });
    return { input, output, text, reason: null };
  }
  if (step.type !== "send_message" && step.type !== "send_media")
    return { input, output, text: null, reason: null };
  if (service.open) return { input, output, text: textOf(input), reason: null };
  const instead = windowClosedSchema.safeParse(step.windowClosed);
  if (!instead.success)
    throw new AppError(
      "outside-service-window",
      "The 24-hour window is closed then, and the step names no template for that.",
    );
  const { send_template: name, language, variables } = instead.data;
  const filled = await renderIn(variables, scope);
  return {
    input: { ...input, windowClosed: { send_template: name, language, variables: filled } },
    output: { ...output, windowClosed: true },
    text: await templateText(ctx, service.lead, { name, language, variables: filled }),
    reason: "outside-service-window",
  };
}

const textOf = ({ text, caption }: Record<string, unknown>): string | null =>
  typeof text === "string" ? text.trim() : typeof caption === "string" ? caption : null;

/** Every text in it with its variables' values. @throws AppError missing-variable */
async function renderIn(value: unknown, scope: RuleScope): Promise<unknown> {
  if (typeof value === "string") return renderText(value, scope);
  if (Array.isArray(value)) return Promise.all(value.map((each) => renderIn(each, scope)));
  if (value === null || typeof value !== "object") return value;
  const rendered: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(value)) rendered[name] = await renderIn(each, scope);
  return rendered;
}

/** The template's body with the values in it. @throws AppError template-not-sendable, missing-variable, opted-out */
async function templateText(
  ctx: TenantContext,
  lead: LeadRecord,
  { name, language, variables }: Readonly<Record<"name" | "language" | "variables", unknown>>,
): Promise<string> {
  const models = await getCrmModels(ctx.clientCode);
  const named = await models.Template.find({
    name: String(name),
    deletedAt: null,
    status: "APPROVED",
  }).lean();
  const template = named.find((each) => language === undefined || each.language === language);
  if (!template)
    throw new AppError(
      "template-not-sendable",
      "No approved template has this name and language. Check the name, or sync the templates.",
    );
  const texts = Object.fromEntries(
    Object.entries({ ...asObject(variables) }).map(([key, text]) => [key, String(text)]),
  );
  const shape = readTemplateShape(template);
  const missing = missingVariables(shape, texts);
  if (missing.length > 0)
    throw new AppError("missing-variable", `The template needs values for ${missing.join(", ")}.`);
  const { body } = renderTemplate(shape, texts);
  const sent = { name: template.name, language: template.language, variables: texts, rendered: body };
  const refusal = await marketingRefusal(models, lead, template, sent);
  if (refusal !== null) throw new AppError("opted-out", refusal);
  return body;
}

const asObject = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});
