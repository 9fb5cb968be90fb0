/** Rules taken out as files: what they name by an id that only this tenant has is named by its key. */
import { Types, trusted } from "mongoose";
import type * as z from "zod";
import { exportedRuleSchema } from "../../../contracts/automation.file.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { getRule } from "./automation.service";
import { ruleDefinitionSchema, type Step } from "./rule.contract";

export const ruleExportSchema = exportedRuleSchema(ruleDefinitionSchema);
export type RuleExport = z.output<typeof ruleExportSchema>;

/**
 * A rule's draft as the file that imports read. A media item without a key keeps its id, which an import elsewhere lists
 * as missing.
 * @throws AppError not-found, invalid-state when this release cannot read it
 */
export async function exportRule(ctx: TenantContext, id: string): Promise<RuleExport> {
  const { name, description, priority, definition } = await getRule(ctx, id);
  if (!definition)
    throw new AppError("invalid-state", "This release cannot read that rule. Write the rule anew.");
  const parsed = ruleDefinitionSchema.parse(definition);
  return {
    name,
    ...(description === null ? {} : { description }),
    priority,
    definition: { ...parsed, steps: await byKey(ctx, parsed.steps) },
  };
}

async function byKey(ctx: TenantContext, steps: readonly Step[]): Promise<Step[]> {
  const { AutomationRule, MediaAsset } = await getCrmModels(ctx.clientCode);
  const ids = (setting: string) =>
    steps.flatMap((step) => {
      const id = step[setting];
      return typeof id === "string" ? [new Types.ObjectId(id)] : [];
    });
  const [rules, media] = await Promise.all([
    AutomationRule.find({ _id: trusted({ $in: ids("automationId") }) })
      .select({ name: 1 })
      .lean(),
    MediaAsset.find({ _id: trusted({ $in: ids("mediaId") }) })
      .select({ key: 1 })
      .lean(),
  ]);
  const names = new Map(rules.map(({ _id, name }) => [_id.toHexString(), name]));
  const keys = new Map(media.map(({ _id, key }) => [_id.toHexString(), key]));
  return steps.map((step) =>
    renamed(renamed(step, "automationId", "automation", names), "mediaId", "mediaKey", keys),
  );
}

function renamed(
  step: Step,
  from: string,
  to: string,
  known: ReadonlyMap<string, string | null | undefined>,
): Step {
  const id = step[from];
  const name = typeof id === "string" ? known.get(id) : undefined;
  if (typeof name !== "string") return step;
  const settings = Object.entries(step).map(([setting, value]) =>
    setting === from ? [to, name] : [setting, value],
  );
  return { ...Object.fromEntries(settings), id: step.id, type: step.type };
}
