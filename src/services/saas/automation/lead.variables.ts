import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { invalidReference } from "../crm/crm.problem";
import { renderText } from "./render";
import { readScope } from "./scope";

/**
 * Texts with the values of a real lead in them, as a rule that starts now would render them. One that names something
 * the lead does not have comes out empty.
 * @throws AppError invalid-reference when the lead is not here.
 */
export async function renderForLead(
  ctx: TenantContext,
  leadId: string,
  texts: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  const isHere = await Lead.exists({ _id: new Types.ObjectId(leadId), deletedAt: null });
  if (!isHere) throw invalidReference("/leadId", "lead");
  const scope = await readScope(ctx, {
    id: "preview",
    type: "lead_updated",
    data: {},
    occurredAt: ctx.now().toISOString(),
    subject: { leadId },
  });
  const rendered: Record<string, string> = {};
  for (const [key, text] of Object.entries(texts)) {
    rendered[key] = await renderText(text, scope).catch((error: unknown) => {
      if (error instanceof AppError && error.code === "missing-variable") return "";
      throw error;
    });
  }
  return rendered;
}
