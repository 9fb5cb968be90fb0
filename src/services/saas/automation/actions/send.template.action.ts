import * as z from "zod";
import { templateLanguageSchema } from "../../../../contracts/outgoing.content.contract";
import { sendMessage } from "../../messaging/message.service";
import { renderText } from "../render";
import { defineAction } from "./action";

/** Sends a template with the lead's values in it. The message row is unique by the effect key: a retry finds it. */
export const sendTemplateAction = defineAction({
  type: "send_template",
  mode: "job",
  sends: true,
  description: "Send a WhatsApp template to the lead.",
  config: {
    template: z
      .string()
      .regex(/^[a-z0-9_]{1,512}$/, "must be a template's name")
      .meta({ description: "Name of the template.", example: "welcome" }),
    language: templateLanguageSchema.optional(),
    variables: z
      .record(z.string().max(64), z.string().max(1_024))
      .default({})
      .meta({
        description: "Texts for the template's variables, by name or place.",
        example: { name: "{{lead.firstName}}" },
      }),
  },
  async run(ctx, { template, language, variables }, { run, stepId, effectKey, scope }) {
    const rendered: Record<string, string> = {};
    for (const [name, text] of Object.entries(variables)) rendered[name] = await renderText(text, scope);
    const message = await sendMessage(ctx, {
      leadId: run.leadId.toHexString(),
      clientId: effectKey,
      content: { kind: "template", template: { name: template, language, variables: rendered } },
      sender: {
        type: "automation",
        id: run.ruleId.toHexString(),
        ruleId: run.ruleId,
        runId: run._id,
        stepId,
      },
    });
    return { messageId: message.id };
  },
});
