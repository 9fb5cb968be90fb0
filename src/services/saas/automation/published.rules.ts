import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { type RuleDefinition, ruleDefinitionSchema } from "./rule.contract";
import { RuleMemory } from "./rule.memory";

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

const byTriggers = new RuleMemory<PublishedRule[]>();
const byId = new RuleMemory<PublishedRule | undefined>();
const byVersion = new RuleMemory<RuleVersion | undefined>();

/** A version that runs began with, and what its rule is called now. */
export interface RuleVersion {
  /** Undefined when this release cannot read it. */
  readonly definition: RuleDefinition | undefined;
  readonly name: string;
}

/** As `findRulesByTrigger`, read again only when a rule changed. */
export function rulesByTrigger(ctx: TenantContext, triggers: readonly string[]): Promise<PublishedRule[]> {
  const names = [...new Set(triggers)].sort();
  return byTriggers.recall(ctx, names.join(), () => findRulesByTrigger(ctx, names));
}

/** As `findEnabledRule`, read again only when a rule changed. */
export function enabledRule(ctx: TenantContext, ruleId: Types.ObjectId): Promise<PublishedRule | undefined> {
  return byId.recall(ctx, ruleId.toHexString(), () => findEnabledRule(ctx, ruleId));
}

/** As `findVersion`, read again only when a rule changed. */
export function versionOf(
  ctx: TenantContext,
  ruleId: Types.ObjectId,
  n: number,
): Promise<RuleVersion | undefined> {
  return byVersion.recall(ctx, `${ruleId.toHexString()}:${n}`, () => findVersion(ctx, ruleId, n));
}

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
): Promise<RuleVersion | undefined> {
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
