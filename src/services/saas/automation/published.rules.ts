import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { type RuleDefinition, ruleDefinitionSchema } from "./rule.contract";

/** A rule as its runs follow it. */
export interface PublishedRule {
  readonly _id: Types.ObjectId;
  readonly name: string;
  readonly version: number;
  readonly definition: RuleDefinition;
}

/** The enabled rules that these triggers start, in the order in which they run: by priority, then by age. */
export async function findRulesByTrigger(
  ctx: TenantContext,
  triggers: readonly string[],
): Promise<Map<string, PublishedRule[]>> {
  const { AutomationRule, AutomationVersion } = await getCrmModels(ctx.clientCode);
  const rules = await AutomationRule.find({ enabled: true, triggerEvent: trusted({ $in: [...triggers] }) })
    .sort({ priority: 1, createdAt: 1 })
    .lean();
  const found = new Map<string, PublishedRule[]>();
  if (rules.length === 0) return found;
  const versions = await AutomationVersion.find()
    .or(rules.map((rule) => ({ ruleId: rule._id, n: rule.publishedVersion ?? 0 })))
    .lean();
  for (const rule of rules) {
    const version = versions.find((each) => each.ruleId.equals(rule._id));
    if (!version || !rule.triggerEvent) continue;
    const published = {
      _id: rule._id,
      name: rule.name,
      version: version.n,
      definition: ruleDefinitionSchema.parse(version.definition),
    };
    found.set(rule.triggerEvent, [...(found.get(rule.triggerEvent) ?? []), published]);
  }
  return found;
}

/** The version that a run began with. @returns undefined when it was deleted. */
export async function findVersion(
  ctx: TenantContext,
  ruleId: Types.ObjectId,
  n: number,
): Promise<{ definition: RuleDefinition; name: string } | undefined> {
  const { AutomationRule, AutomationVersion } = await getCrmModels(ctx.clientCode);
  const [version, rule] = await Promise.all([
    AutomationVersion.findOne({ ruleId, n }).lean(),
    AutomationRule.findById(ruleId).select({ name: 1 }).lean(),
  ]);
  if (!version) return undefined;
  return { definition: ruleDefinitionSchema.parse(version.definition), name: rule?.name ?? "" };
}
