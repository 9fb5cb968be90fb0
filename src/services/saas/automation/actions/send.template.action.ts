import { defineAction } from "./action";
import { sendAsRule, templateConfig, templateContent, templateNameSchema } from "./send.as.rule";

/** Sends a template with the lead's values in it. */
export const sendTemplateAction = defineAction({
  type: "send_template",
  mode: "job",
  sends: true,
  description: "Send a WhatsApp template to the lead.",
  config: { template: templateNameSchema, ...templateConfig },
  async run(ctx, { template: name, language, variables }, input) {
    return sendAsRule(ctx, input, await templateContent({ name, language, variables }, input.scope));
  },
});
