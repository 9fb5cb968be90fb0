/** The history of a rule: what was published, what changed in between, and the way back. */
import { Types } from "mongoose";
import type * as z from "zod";
import { automationVersionSchema, type RuleDiff } from "../../../contracts/automation.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { commitChange } from "../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationVersionRecord, PendingRuns } from "../../../model/saas/automation.rule.schema";
import { publishInChange } from "./publish.rule";
import { readDefinition } from "./published.rules";
import { ruleDefinitionSchema } from "./rule.contract";
import { living } from "./rule.record";
import { type AutomationRule, showRule } from "./rule.show";

export const versionResourceSchema = automationVersionSchema(ruleDefinitionSchema);
export type RuleVersion = z.input<typeof versionResourceSchema>;

/** Newest first. @throws AppError not-found, invalid-cursor */
export async function listVersions(
  ctx: TenantContext,
  { id, ...query }: { id: string; limit: number; cursor?: string | undefined },
): Promise<Page<RuleVersion>> {
  const models = await getCrmModels(ctx.clientCode);
  const ruleId = new Types.ObjectId(id);
  const current = await currentVersion(models, ruleId);
  const page = await pageOf(ctx, models.AutomationVersion, {
    route: "listAutomationVersions",
    query: Object.assign({ id }, query),
    filter: { ruleId },
    sort: { n: -1 },
  });
  return { ...page, data: page.data.map((record) => toVersion(record, current)) };
}

/** @throws AppError not-found */
export async function getVersion(
  ctx: TenantContext,
  { id, n }: { id: string; n: number },
): Promise<RuleVersion> {
  const models = await getCrmModels(ctx.clientCode);
  const ruleId = new Types.ObjectId(id);
  const current = await currentVersion(models, ruleId);
  return toVersion(await findStored(models, ruleId, n), current);
}

/** What changed from one version to another. @throws AppError not-found */
export async function diffVersions(
  ctx: TenantContext,
  { id, from, to }: { id: string; from: number; to: number },
): Promise<RuleDiff> {
  const models = await getCrmModels(ctx.clientCode);
  const ruleId = new Types.ObjectId(id);
  await currentVersion(models, ruleId);
  const before = await findStored(models, ruleId, from);
  const after = await findStored(models, ruleId, to);
  return { from, to, changes: diff(byStepId(before.definition), byStepId(after.definition), "") };
}

/**
 * Publishes an earlier version again, as a new one, so that the history stays whole. The draft becomes it too.
 * @throws AppError not-found; invalid-state when this release cannot read that version, or the rule is deleted;
 * invalid-reference, missing-variable when it names what is not here any more.
 */
export async function rollBackRule(
  ctx: TenantContext,
  { id, version, pendingRuns }: { id: string; version: number; pendingRuns: PendingRuns },
): Promise<AutomationRule> {
  const published = await commitChange(ctx, async (change) => {
    const ruleId = new Types.ObjectId(id);
    const stands = await change.models.AutomationRule.findById(ruleId).session(change.session).lean();
    if (!stands) throw new AppError("not-found", "There is no such rule.");
    const record = living(stands);
    const stored = await findStored(change.models, ruleId, version);
    const definition = readDefinition(stored.definition);
    if (!definition)
      throw new AppError("invalid-state", "This release cannot read that version. Write the rule anew.");
    await change.models.AutomationRule.updateOne(
      { _id: ruleId },
      { $set: { draft: definition } },
      { session: change.session },
    );
    return publishInChange(ctx, change, { ...record, draft: definition }, { pendingRuns });
  });
  return showRule(ctx, published);
}

async function currentVersion(models: CrmModels, ruleId: Types.ObjectId): Promise<number | null> {
  const rule = await models.AutomationRule.findById(ruleId).select({ publishedVersion: 1 }).lean();
  if (!rule) throw new AppError("not-found", "There is no such rule.");
  return rule.publishedVersion;
}

async function findStored(
  models: CrmModels,
  ruleId: Types.ObjectId,
  n: number,
): Promise<AutomationVersionRecord> {
  const version = await models.AutomationVersion.findOne({ ruleId, n }).lean();
  if (!version) throw new AppError("not-found", "The rule has no such version.");
  return version;
}

function toVersion(record: AutomationVersionRecord, current: number | null): RuleVersion {
  const definition = readDefinition(record.definition);
  return {
    n: record.n,
    current: record.n === current,
    readable: definition !== undefined,
    definition: definition ?? null,
    pendingRuns: record.pendingRuns,
    publishedBy: record.publishedBy,
    publishedAt: record.publishedAt.toISOString(),
  };
}

/** Steps by their id, with their place, so that one that was put in does not look like a change of all behind it. */
function byStepId(definition: Record<string, unknown>): Record<string, unknown> {
  const { steps } = definition;
  if (!Array.isArray(steps)) return definition;
  const named = steps.map((step: unknown, place): [string, unknown] => {
    const fields = typeof step === "object" && step !== null ? { ...step, place } : { step, place };
    return ["id" in fields && typeof fields.id === "string" ? fields.id : String(place), fields];
  });
  return { ...definition, steps: Object.fromEntries(named) };
}

function diff(before: unknown, after: unknown, pointer: string): RuleDiff["changes"] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before === undefined) return [{ pointer, kind: "added", from: null, to: after }];
  if (after === undefined) return [{ pointer, kind: "removed", from: before, to: null }];
  if (!isPlain(before) || !isPlain(after)) return [{ pointer, kind: "changed", from: before, to: after }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => diff(before[name], after[name], `${pointer}/${name}`));
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
