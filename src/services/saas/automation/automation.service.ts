/** Rules as people write them: drafts, their changes, and whether they are on. */
import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRuleRecord } from "../../../model/saas/automation.rule.schema";
import { readDeclared } from "./declared";
import { enableInChange } from "./publish.rule";
import { checkRule } from "./rule.check";
import type { RuleDefinition } from "./rule.contract";
import { found, living, recordRuleChange, ruleInChange, writeRule } from "./rule.record";
import { type AutomationRule, showRule } from "./rule.show";

export { enableRule, publishRule } from "./publish.rule";
export { type AutomationRule, ruleResourceSchema } from "./rule.show";

export interface RuleFields {
  readonly name: string;
  readonly description?: string | null;
  readonly priority?: number;
  readonly definition: RuleDefinition;
}

/**
 * Creates a rule as a draft, or published and enabled at once.
 * @throws AppError validation-failed for what would be wrong anywhere; invalid-reference, missing-variable when it is to
 * be enabled and names what is not here
 */
export async function createRule(
  ctx: TenantContext,
  input: RuleFields & { enabled: boolean },
): Promise<AutomationRule> {
  checkRule(input.definition, await readDeclared(ctx));
  const created = await commitChange(ctx, async (change) => {
    const record: AutomationRuleRecord = {
      _id: new Types.ObjectId(),
      name: input.name,
      description: input.description ?? null,
      enabled: false,
      priority: input.priority ?? 100,
      state: "draft",
      draft: input.definition,
      publishedVersion: null,
      triggerEvent: null,
      createdBy: ctx.actor,
      version: 1,
      createdAt: change.now,
      updatedAt: change.now,
    };
    await change.models.AutomationRule.create([record], { session: change.session });
    const rule = input.enabled ? await enableInChange(ctx, change, record) : record;
    recordRuleChange(change, rule);
    return rule;
  });
  return showRule(ctx, created);
}

/** @throws AppError not-found */
export async function getRule(ctx: TenantContext, id: string): Promise<AutomationRule> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  return showRule(ctx, found(await AutomationRule.findById(new Types.ObjectId(id)).lean()));
}

/**
 * Changes name, priority, or the draft. What runs keeps running as published until `publishRule`.
 * @throws AppError not-found, precondition-failed, invalid-state for a deleted rule
 */
export async function updateRule(
  ctx: TenantContext,
  input: { id: string; ifMatch: number | undefined; change: Partial<RuleFields> },
): Promise<AutomationRule> {
  const { definition, ...fields } = input.change;
  if (definition) checkRule(definition, await readDeclared(ctx));
  return changeRule(ctx, input, () => ({
    ...fields,
    ...(definition ? { draft: definition, state: "draft" } : {}),
  }));
}

/** Keeps a rule from starting runs. Runs that live go on. */
export async function disableRule(ctx: TenantContext, input: { id: string }): Promise<AutomationRule> {
  return changeRule(ctx, { id: input.id, ifMatch: undefined }, (record) =>
    record.enabled ? { enabled: false } : undefined,
  );
}

interface RuleTarget {
  readonly id: string;
  readonly ifMatch: number | undefined;
}
/** @returns what becomes different; undefined when nothing does */
type RuleDecision = (record: AutomationRuleRecord) => Partial<AutomationRuleRecord> | undefined;

async function changeRule(
  ctx: TenantContext,
  target: RuleTarget,
  decide: RuleDecision,
): Promise<AutomationRule> {
  const changed = await commitChange(ctx, (change) =>
    changeRuleInChange(ctx, change, target, (record) => decide(living(record))),
  );
  return showRule(ctx, changed);
}

/** Changes a rule in somebody's change. @throws AppError not-found, precondition-failed */
export async function changeRuleInChange(
  ctx: TenantContext,
  change: Change,
  target: RuleTarget,
  decide: RuleDecision,
): Promise<AutomationRuleRecord> {
  const record = await ruleInChange(change, target.id);
  if (target.ifMatch !== undefined && target.ifMatch !== record.version) {
    throw new AppError("precondition-failed", "The rule was changed since you read it.", {
      extensions: { current: await showRule(ctx, record) },
    });
  }
  const fields = decide(record);
  if (!fields) return record;
  const rule = await writeRule(change, record, fields);
  recordRuleChange(change, rule);
  return rule;
}
