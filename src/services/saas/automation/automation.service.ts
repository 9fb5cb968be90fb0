import { Types } from "mongoose";
import type * as z from "zod";
import { automationRuleSchema } from "../../../contracts/automation.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { validationProblem } from "../../../lib/http/validation.problem";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRuleRecord, PendingRuns } from "../../../model/saas/automation.rule.schema";
import type { DeclaredField } from "../crm/lead.fields";
import { settlePendingRuns } from "./pending.runs";
import { findEnabledRule, readDefinition } from "./published.rules";
import { checkRule } from "./rule.check";
import { grammarVersion, type RuleDefinition, ruleDefinitionSchema } from "./rule.contract";
import { armTimer } from "./timers/rule.timer";

export const ruleResourceSchema = automationRuleSchema(ruleDefinitionSchema);
export type AutomationRule = z.input<typeof ruleResourceSchema>;

export interface RuleFields {
  readonly name: string;
  readonly description?: string | null;
  readonly priority?: number;
  readonly definition: RuleDefinition;
}

/** Creates a rule as a draft, or published and enabled at once. */
export async function createRule(
  ctx: TenantContext,
  input: RuleFields & { enabled: boolean },
): Promise<AutomationRule> {
  checkRule(input.definition, await customFieldsOf(ctx));
  return commitChange(ctx, async (change) => {
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
    const rule = input.enabled ? await publish(ctx, change, record, { enabled: true }) : record;
    recordRuleChange(change, rule);
    return toRule(rule);
  });
}

/** @throws AppError not-found */
export async function getRule(ctx: TenantContext, id: string): Promise<AutomationRule> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  return toRule(found(await AutomationRule.findById(new Types.ObjectId(id)).lean()));
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
  if (definition) checkRule(definition, await customFieldsOf(ctx));
  return changeRule(ctx, input, () => ({
    ...fields,
    ...(definition ? { draft: definition, state: "draft" } : {}),
  }));
}

/**
 * Makes the draft the version that new runs follow; `pendingRuns` says what becomes of runs that live. A rule without
 * changes is not published again.
 * @throws AppError not-found, invalid-state for a deleted rule
 */
export async function publishRule(
  ctx: TenantContext,
  input: { id: string; pendingRuns?: PendingRuns },
): Promise<AutomationRule> {
  return commitChange(ctx, async (change) => {
    const record = living(
      found(
        await change.models.AutomationRule.findById(new Types.ObjectId(input.id))
          .session(change.session)
          .lean(),
      ),
    );
    if (record.state === "published") return toRule(record);
    return toRule(await publishInChange(ctx, change, record, { pendingRuns: input.pendingRuns ?? "keep" }));
  });
}

/** Publishes a rule's draft in somebody's change. */
export async function publishInChange(
  ctx: TenantContext,
  change: Change,
  record: AutomationRuleRecord,
  { pendingRuns }: { pendingRuns: PendingRuns },
): Promise<AutomationRuleRecord> {
  const rule = await publish(ctx, change, record, {}, pendingRuns);
  recordRuleChange(change, rule);
  return rule;
}

/** Lets a rule start runs. A rule that was never published is published first. */
export async function enableRule(ctx: TenantContext, input: { id: string }): Promise<AutomationRule> {
  return commitChange(ctx, async (change) => {
    const record = living(
      found(
        await change.models.AutomationRule.findById(new Types.ObjectId(input.id))
          .session(change.session)
          .lean(),
      ),
    );
    if (record.enabled) return toRule(record);
    const rule =
      record.publishedVersion === null
        ? await publish(ctx, change, record, { enabled: true })
        : await write(change, record, { enabled: true });
    // Published before and enabled now: a rule of the clock sets its alarm.
    change.afterCommit(async () => {
      const enabled = await findEnabledRule(ctx, rule._id);
      if (enabled) await armTimer(ctx, enabled);
    });
    recordRuleChange(change, rule);
    return toRule(rule);
  });
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

function changeRule(ctx: TenantContext, target: RuleTarget, decide: RuleDecision): Promise<AutomationRule> {
  return commitChange(ctx, async (change) =>
    toRule(await changeRuleInChange(change, target, (record) => decide(living(record)))),
  );
}

/** Changes a rule in somebody's change. @throws AppError not-found, precondition-failed */
export async function changeRuleInChange(
  change: Change,
  target: RuleTarget,
  decide: RuleDecision,
): Promise<AutomationRuleRecord> {
  const record = found(
    await change.models.AutomationRule.findById(new Types.ObjectId(target.id)).session(change.session).lean(),
  );
  if (target.ifMatch !== undefined && target.ifMatch !== record.version) {
    throw new AppError("precondition-failed", "The rule was changed since you read it.", {
      extensions: { current: toRule(record) },
    });
  }
  const fields = decide(record);
  if (!fields) return record;
  const rule = await write(change, record, fields);
  recordRuleChange(change, rule);
  return rule;
}

async function publish(
  ctx: TenantContext,
  change: Change,
  record: AutomationRuleRecord,
  also: Partial<AutomationRuleRecord>,
  pendingRuns: PendingRuns = "keep",
): Promise<AutomationRuleRecord> {
  const parsed = ruleDefinitionSchema.safeParse(record.draft);
  if (!parsed.success) throw validationProblem(parsed.error, "/definition");
  const definition = parsed.data;
  const n = (record.publishedVersion ?? 0) + 1;
  const version = {
    ruleId: record._id,
    n,
    grammar: grammarVersion,
    definition,
    publishedBy: ctx.actor,
    publishedAt: change.now,
    pendingRuns,
    settledAt: pendingRuns === "keep" ? change.now : null,
  };
  await change.models.AutomationVersion.create([version], { session: change.session });
  change.afterCommit(async () => {
    if (version.settledAt === null) await settlePendingRuns(ctx, version);
    const enabled = await findEnabledRule(ctx, record._id);
    if (enabled) await armTimer(ctx, enabled);
  });
  return write(change, record, {
    ...also,
    state: "published",
    publishedVersion: n,
    triggerEvent: definition.trigger.event,
  });
}

async function write(
  change: Change,
  record: AutomationRuleRecord,
  fields: Partial<AutomationRuleRecord>,
): Promise<AutomationRuleRecord> {
  const rule = await change.models.AutomationRule.findOneAndUpdate(
    { _id: record._id },
    { $set: { ...fields, updatedAt: change.now }, $inc: { version: 1 } },
    { session: change.session, returnDocument: "after" },
  ).lean();
  return found(rule);
}

function recordRuleChange(change: Change, rule: AutomationRuleRecord): void {
  change.record({
    type: "automation_updated",
    subject: { ruleId: rule._id.toHexString() },
    data: { enabled: rule.enabled, state: rule.state, publishedVersion: rule.publishedVersion },
  });
}

function found(record: AutomationRuleRecord | null): AutomationRuleRecord {
  if (!record) throw new AppError("not-found", "There is no such rule.");
  return record;
}

/** @throws AppError invalid-state for a rule that was deleted */
export function living(record: AutomationRuleRecord): AutomationRuleRecord {
  if (record.state !== "archived") return record;
  throw new AppError(
    "invalid-state",
    "The rule is deleted: it can be read, and not changed. Create a new one.",
  );
}

/** The rule as the API shows it; the definition is the draft, which is what people edit. */
export function toRule(record: AutomationRuleRecord): AutomationRule {
  return {
    id: record._id.toHexString(),
    name: record.name,
    description: record.description,
    enabled: record.enabled,
    priority: record.priority,
    state: record.state,
    publishedVersion: record.publishedVersion,
    hasUnpublishedChanges: record.state !== "published",
    definition: readDefinition(record.draft) ?? null,
    createdBy: record.createdBy,
    version: record.version,
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}

async function customFieldsOf(ctx: TenantContext): Promise<DeclaredField[]> {
  const { CustomField } = await getCrmModels(ctx.clientCode);
  return CustomField.find({}).lean();
}
