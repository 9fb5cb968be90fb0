import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { getCannedResponse } from "../crm/canned.response.service";
import { invalidReference } from "../crm/crm.problem";
import { renderText } from "./render";
import { readScope } from "./scope";

/**
 * A canned response with a lead's values in it, as a rule would render it; nothing is sent.
 * @throws AppError not-found, invalid-reference for the lead, missing-variable for a value that the lead does not have
 */
export async function renderCannedResponse(
  ctx: TenantContext,
  id: string,
  leadId: string,
): Promise<{ text: string }> {
  const { text } = await getCannedResponse(ctx, id);
  const { Lead } = await getCrmModels(ctx.clientCode);
  if (!(await Lead.exists({ _id: new Types.ObjectId(leadId), deletedAt: null })))
    throw invalidReference("/leadId", "lead");
  const scope = await readScope(ctx, {
    id: "preview",
    type: "lead_updated",
    data: {},
    occurredAt: ctx.now().toISOString(),
    subject: { leadId },
  });
  return { text: await renderText(text, scope) };
}
