import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { requestTemplateSync } from "../request.template.sync";
import { ignored, processed, type WebhookKind } from "./webhook.kind";

const fields = new Set([
  "message_template_status_update",
  "message_template_quality_update",
  "message_template_components_update",
  "template_category_update",
]);

/**
 * Something about a template changed. Such events may come in any order and name ids that lose digits in JSON, so they
 * only say that it is time to read the account's templates again.
 */
export const templatesInbound: WebhookKind = {
  name: "template",
  matches: ({ field }) => fields.has(field),
  async handle(ctx, { wabaId }) {
    const { Connection } = await getCrmModels(ctx.clientCode);
    const connection = await Connection.findOne({ wabaId }).lean();
    if (!connection) return ignored("No WhatsApp account of this tenant has the template.");
    await requestTemplateSync(ctx, connection._id);
    return processed;
  },
};
