/** Template messages. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import type { Template } from "../state/world";
import { partsOf } from "../templates/template.parts";
import { findTemplate } from "../templates/template.store";
import { parseParameter } from "./parameter";
import type { MessageCheck, SendContext } from "./send.context";
import { checkComponents, sentComponentSchema } from "./template.components";

const templateSchema = z.strictObject({
  name: z.string().min(1).max(512),
  namespace: z.string().optional(),
  language: z.strictObject({
    code: z.string().min(1),
    policy: z.literal("deterministic", "must be 'deterministic'").optional(),
  }),
  components: z.array(sentComponentSchema).optional(),
});

export const checkTemplate: MessageCheck = async (content, context) => {
  const sent = parseParameter(templateSchema, content, "template");
  const template = sendableTemplate(sent.name, sent.language.code, context);
  const failsWith = await checkComponents(
    partsOf(template.components),
    sent.components ?? [],
    template.parameterFormat,
    context,
  );
  return {
    category: template.category.toLowerCase(),
    messageStatus: template.messageStatus,
    failsWith: failsWith ?? optedOut(template, context),
  };
};

/** @throws GraphError 132001 when it does not exist or is not approved, 132015 paused, 132016 disabled */
function sendableTemplate(name: string, language: string, { graph, number }: SendContext): Template {
  const template = findTemplate(graph.world, number.wabaId, name, language);
  const missing = new GraphError(132001, {
    details: `template name (${name}) does not exist in ${language}`,
  });
  if (!template) throw missing;
  switch (template.status) {
    case "APPROVED":
      return template;
    case "PAUSED":
      throw new GraphError(132015, { details: `template name (${name}) is paused in ${language}` });
    case "DISABLED":
      throw new GraphError(132016, { details: `template name (${name}) is disabled in ${language}` });
    default:
      throw missing;
  }
}

function optedOut(template: Template, { number, person }: SendContext) {
  if (template.category !== "MARKETING" || !person?.marketingStopped.has(number.wabaId)) return undefined;
  return { code: 131050, details: "The user has stopped marketing messages from this business" };
}
