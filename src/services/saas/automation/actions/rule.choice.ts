import { Types, trusted } from "mongoose";
import * as z from "zod";
import { objectIdSchema } from "../../../../contracts/common.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";

/** Which rule: by its name, which it keeps in another tenant, or by its id. */
export const ruleChoice = {
  automation: z
    .string()
    .trim()
    .min(1)
    .max(120)
    .optional()
    .meta({ description: "Name of the rule; of several the oldest.", example: "Welcome on WhatsApp" }),
  automationId: objectIdSchema.optional().meta({ description: "Instead of the name: its id." }),
};
export const oneRule = ["automation", "automationId"] as const;

/** @throws AppError invalid-reference when there is no such rule */
export async function chosenRule(
  ctx: TenantContext,
  { automation, automationId }: { automation?: string | undefined; automationId?: string | undefined },
): Promise<{ readonly _id: Types.ObjectId; readonly enabled: boolean }> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const which = automationId === undefined ? { name: automation } : { _id: new Types.ObjectId(automationId) };
  const rule = await AutomationRule.findOne({ ...which, state: trusted({ $ne: "archived" as const }) })
    .sort({ _id: 1 })
    .select({ enabled: 1 })
    .lean();
  if (!rule) throw new AppError("invalid-reference", "The rule that the step names does not exist.");
  return rule;
}
