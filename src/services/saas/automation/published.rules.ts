import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { type RuleDefinition, ruleDefinitionSchema } from "./rule.contract";

/** A rule as its runs follow it. */
export interface PublishedRule {
  readonly _id: Types.ObjectId;
  readonly name: string;
  readonly version: number;
  readonly priority: number;
  readonly trigger: string;
  /** Undefined when this release cannot read the version: it starts nothing, and says so. */
  readonly definition: RuleDefinition | undefined;
}

/** In a filter by `state`: rules that were not deleted. */
export const notArchived = trusted({ $ne: "archived" as const });

/** The enabled rules that these triggers start, in the order in which they run: by priority, then by age. */
export async function findRulesByTrigger(
  ctx: TenantContext,
  triggers: readonly string[],
): Promise<PublishedRule[]> {
  const { AutomationRule, AutomationVersion } = await getCrmModels(ctx.clientCode);
  const rules = await AutomationRule.find({ enabled: true, triggerEvent: trusted({ $in: [...triggers] }) })
    .sort({ priority: 1, createdAt: 1 })
    .lean();
  if (rules.length === 0) return [];
  const versions = await AutomationVersion.find()
    .or(rules.map((rule) => ({ ruleId: rule._id, n: rule.publishedVersion ?? 0 })))
    .lean();
  const byRule = new Map(versions.map((version) => [version.ruleId.toHexString(), version]));
  return rules.flatMap((rule) => {
    const version = byRule.get(rule._id.toHexString());
    if (!version || rule.triggerEvent === null) return [];
    const { _id, name, priority, triggerEvent: trigger } = rule;
    return {
      _id,
      name,
      priority,
      trigger,
      version: version.n,
      definition: readDefinition(version.definition),
    };
  });
}

/** The rule that asked for an event of its own, while it is enabled. */
export async function findEnabledRule(
  ctx: TenantContext,
  ruleId: Types.ObjectId,
): Promise<PublishedRule | undefined> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const rule = await AutomationRule.findOne({ _id: ruleId, enabled: true }).lean();
  if (!rule || rule.publishedVersion === null) return undefined;
  const version = await findVersion(ctx, ruleId, rule.publishedVersion);
  if (!version) return undefined;
  return {
    _id: rule._id,
    name: rule.name,
    priority: rule.priority,
    trigger: rule.triggerEvent ?? "",
    version: rule.publishedVersion,
    definition: version.definition,
  };
}

/** The version that a run began with. @returns undefined when its rule was deleted. */
export async function findVersion(
  ctx: TenantContext,
  ruleId: Types.ObjectId,
  n: number,
): Promise<{ definition: RuleDefinition | undefined; name: string } | undefined> {
  const { AutomationRule, AutomationVersion } = await getCrmModels(ctx.clientCode);
  const [version, rule] = await Promise.all([
    AutomationVersion.findOne({ ruleId, n }).lean(),
    AutomationRule.findById(ruleId).select({ name: 1, state: 1 }).lean(),
  ]);
  if (!version || !rule || rule.state === "archived") return undefined;
  return { definition: readDefinition(version.definition), name: rule.name };
}

/** A stored definition, undefined when this release cannot read it. */
export function readDefinition(stored: Record<string, unknown>): RuleDefinition | undefined {
  const parsed = ruleDefinitionSchema.safeParse(stored);
  return parsed.success ? parsed.data : undefined;
}
