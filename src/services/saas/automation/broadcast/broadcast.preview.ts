import type { BroadcastPreview } from "../../../../contracts/broadcast.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { readSettings } from "../../crm/settings.read";
import { audienceFilter, searchOf } from "../audience";
import { renderStep } from "../preview/render.step";
import { readLeadScopes } from "../scope";
import { judgeRecipient } from "./broadcast.recipient";
import { findBroadcast } from "./broadcast.service";

const samples = 5;

/** Whom the broadcast would find now, and what the first of them would read. Nothing is stored or sent. @throws AppError not-found, invalid-reference */
export async function previewBroadcast(ctx: TenantContext, id: string): Promise<BroadcastPreview> {
  const broadcast = await findBroadcast(ctx, id);
  const models = await getCrmModels(ctx.clientCode);
  const filter = await audienceFilter(
    ctx,
    models,
    await searchOf(ctx, models, broadcast.audience, "/audience"),
    "/audience",
  );
  const [recipients, leads, settings] = await Promise.all([
    models.Lead.countDocuments(filter),
    models.Lead.find(filter).sort({ _id: 1 }).limit(samples).lean(),
    readSettings(models),
  ]);
  const scopes = await readLeadScopes(ctx, leads);
  const { name: template, language, variables } = broadcast.template;
  const step = { id: "broadcast", type: "send_template", template, language, variables };
  const shown: BroadcastPreview["samples"] = [];
  for (const [index, lead] of leads.entries()) {
    const leadId = lead._id.toHexString();
    const scope = scopes[index];
    const verdict = await judgeRecipient(ctx, broadcast, lead, settings);
    if (verdict.kind === "skip" || !scope) {
      shown.push({ leadId, text: null, skipped: verdict.kind === "skip" ? verdict.detail : null });
      continue;
    }
    try {
      const { text } = await renderStep(ctx, step, scope, { open: false, lead });
      shown.push({ leadId, text, skipped: null });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      shown.push({ leadId, text: null, skipped: error.detail });
    }
  }
  return { recipients, samples: shown };
}
