/** What lets a rule run: publishing its draft, enabling it. Neither is done with a rule that cannot work. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { validationProblem } from "../../../lib/http/validation.problem";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { AutomationRuleRecord, PendingRuns } from "../../../model/saas/automation.rule.schema";
import { settlePendingRuns } from "./pending.runs";
import { findEnabledRule, findVersion } from "./published.rules";
import { grammarVersion, ruleDefinitionSchema } from "./rule.contract";
import { living, recordRuleChange, ruleInChange, writeRule } from "./rule.record";
import { requireWorkable } from "./rule.review";
import { type AutomationRule, showRule } from "./rule.show";
import { armTimer } from "./timers/rule.timer";

/**
 * Makes the draft the version that new runs follow; `pendingRuns` says what becomes of runs that live. A rule without
 * changes is not published again.
 * @throws AppError not-found; invalid-state for a deleted rule; invalid-reference, missing-variable when it names what is
 * not here
 */
export async function publishRule(
  ctx: TenantContext,
  input: { id: string; pendingRuns?: PendingRuns },
): Promise<AutomationRule> {
  const published = await commitChange(ctx, async (change) => {
    const record = living(await ruleInChange(change, input.id));
    if (record.state === "published") return record;
    return publishInChange(ctx, change, record, { pendingRuns: input.pendingRuns ?? "keep" });
  });
  return showRule(ctx, published);
}

/** Publishes a rule's draft in somebody's change, and tells of it. @throws AppError as `publishRule` */
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

/**
 * Lets a rule start runs. A rule that was never published is published first.
 * @throws AppError not-found; invalid-reference, missing-variable when it names what is not here (any more);
 * invalid-state for a deleted rule, or when this release cannot read what is published
 */
export async function enableRule(ctx: TenantContext, { id }: { id: string }): Promise<AutomationRule> {
  const enabled = await commitChange(ctx, async (change) => {
    const record = living(await ruleInChange(change, id));
    if (record.enabled) return record;
    const rule = await enableInChange(ctx, change, record);
    recordRuleChange(change, rule);
    return rule;
  });
  return showRule(ctx, enabled);
}

/** Enables a rule in somebody's change; whoever calls tells of it. @throws AppError as `enableRule` */
export async function enableInChange(
  ctx: TenantContext,
  change: Change,
  record: AutomationRuleRecord,
): Promise<AutomationRuleRecord> {
  // Published before and enabled now: a rule of the clock sets its alarm.
  change.afterCommit(async () => {
    const known = await findEnabledRule(ctx, record._id);
    if (known) await armTimer(ctx, known);
  });
  const { publishedVersion } = record;
  if (publishedVersion === null) return publish(ctx, change, record, { enabled: true });
  const definition = (await findVersion(ctx, record._id, publishedVersion))?.definition;
  if (!definition)
    throw new AppError(
      "invalid-state",
      "This release cannot read what is published. Publish the rule again.",
    );
  await requireWorkable(ctx, definition);
  return writeRule(change, record, { enabled: true });
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
  await requireWorkable(ctx, definition);
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
  return writeRule(change, record, {
    ...also,
    state: "published",
    publishedVersion: n,
    triggerEvent: definition.trigger.event,
  });
}
