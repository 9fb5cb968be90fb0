/** Sending for a rule: to whom, with what in it, and what instead when WhatsApp takes only a template. */
import * as z from "zod";
import {
  type OutgoingContent,
  templateLanguageSchema,
} from "../../../../contracts/outgoing.content.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { type MessageTarget, sendMessage } from "../../messaging/message.service";
import { renderText } from "../render";
import type { ActionInput, ActionOutput } from "./action";

export const templateNameSchema = z
  .string()
  .regex(/^[a-z0-9_]{1,512}$/, "must be a template's name")
  .meta({ description: "Name of the template.", example: "welcome" });

/** What every step that sends a template says beside its name. */
export const templateConfig = {
  language: templateLanguageSchema.optional(),
  variables: z
    .record(z.string().max(64), z.string().max(1_024))
    .default({})
    .meta({
      description: "Texts for the template's variables, by name or place.",
      example: { name: "{{lead.firstName}}" },
    }),
};

/** What is sent instead when the 24-hour window is closed. */
export const windowClosedSchema = z
  .strictObject({ send_template: templateNameSchema, ...templateConfig })
  .meta({
    description: "The template to send when WhatsApp takes nothing else. Absent: the step fails then.",
    example: { send_template: "follow_up_1" },
  });
export type WindowClosed = z.output<typeof windowClosedSchema>;

/** A template with its variables rendered. @throws AppError missing-variable */
export async function templateContent(
  { name, language, variables }: { name: string } & Omit<WindowClosed, "send_template">,
  scope: ActionInput["scope"],
): Promise<OutgoingContent> {
  const rendered: Record<string, string> = {};
  for (const [key, text] of Object.entries(variables)) rendered[key] = await renderText(text, scope);
  return { kind: "template", template: { name, language, variables: rendered } };
}

/**
 * Stores one message for a step and has it sent. The row is unique by the effect key: a retry finds the message that
 * the first try stored, be it the template or not.
 * @throws AppError as sendMessage; outside-service-window only without `windowClosed`.
 */
export async function sendAsRule(
  ctx: TenantContext,
  input: ActionInput,
  content: OutgoingContent,
  windowClosed?: WindowClosed,
): Promise<ActionOutput> {
  const { run, stepId, effectKey, scope } = input;
  const target = await targetOf(ctx, input);
  const send = (sent: OutgoingContent) =>
    sendMessage(ctx, {
      ...target,
      clientId: effectKey,
      content: sent,
      sender: {
        type: "automation",
        id: run.ruleId.toHexString(),
        ruleId: run.ruleId,
        runId: run._id,
        stepId,
      },
    });
  try {
    return { messageId: (await send(content)).id };
  } catch (error) {
    if (!windowClosed || !(error instanceof AppError) || error.code !== "outside-service-window") throw error;
    const { send_template: name, ...template } = windowClosed;
    const message = await send(await templateContent({ name, ...template }, scope));
    return { messageId: message.id, windowClosed: true };
  }
}

/** The conversation that the run is about, while it is the lead's; else the lead, over the tenant's default number. */
async function targetOf(ctx: TenantContext, { run }: ActionInput): Promise<MessageTarget> {
  const leadId = run.leadId.toHexString();
  if (!run.conversationId) return { leadId };
  const { Conversation } = await getCrmModels(ctx.clientCode);
  const conversation = await Conversation.findById(run.conversationId).select({ leadId: 1 }).lean();
  if (!conversation?.leadId.equals(run.leadId)) return { leadId };
  return { conversationId: run.conversationId.toHexString() };
}
