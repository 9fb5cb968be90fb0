/** Rules as the API shows them, with what keeps them from working now. */
import type * as z from "zod";
import { automationRuleSchema } from "../../../contracts/automation.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRuleRecord } from "../../../model/saas/automation.rule.schema";
import { readDefinition } from "./published.rules";
import { ruleDefinitionSchema } from "./rule.contract";
import { errorAt, type RuleProblem } from "./rule.problem";
import { problemsOfRules, toShown } from "./rule.review";

export const ruleResourceSchema = automationRuleSchema(ruleDefinitionSchema);
export type AutomationRule = z.input<typeof ruleResourceSchema>;

const pointer = "/definition";

export async function showRule(ctx: TenantContext, record: AutomationRuleRecord): Promise<AutomationRule> {
  return toRule(record, await problemsNow(ctx, [record]));
}

export async function showRules(
  ctx: TenantContext,
  records: readonly AutomationRuleRecord[],
): Promise<AutomationRule[]> {
  const problems = await problemsNow(ctx, records);
  return records.map((record) => toRule(record, problems));
}

type Problems = ReadonlyMap<string, readonly RuleProblem[]>;

/** By rule: of the version that runs follow, or of the draft while there is none. Deleted rules have none. */
async function problemsNow(ctx: TenantContext, records: readonly AutomationRuleRecord[]): Promise<Problems> {
  const living = records.filter(({ state }) => state !== "archived");
  const published = await publishedBesideDrafts(ctx, living);
  const read = living.map(({ _id, draft }) => {
    const id = _id.toHexString();
    return { id, definition: readDefinition(published.get(id) ?? draft) };
  });
  const readable = read.flatMap(({ id, definition }) => (definition ? [{ id, definition, pointer }] : []));
  const found = await problemsOfRules(ctx, readable);
  const ofReadable = new Map(readable.map(({ id }, index) => [id, found[index] ?? []]));
  return new Map(read.map(({ id }) => [id, ofReadable.get(id) ?? [unreadable]]));
}

const unreadable = errorAt(
  pointer,
  "invalid-rule",
  "This release cannot read it. Write it anew and publish it.",
);

/** What is published of rules whose draft is another by now. */
async function publishedBesideDrafts(
  ctx: TenantContext,
  records: readonly AutomationRuleRecord[],
): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  const changed = records.filter(
    ({ state, publishedVersion }) => state !== "published" && publishedVersion !== null,
  );
  if (changed.length === 0) return new Map();
  const { AutomationVersion } = await getCrmModels(ctx.clientCode);
  const versions = await AutomationVersion.find()
    .or(changed.map(({ _id, publishedVersion }) => ({ ruleId: _id, n: publishedVersion ?? 0 })))
    .lean();
  return new Map(versions.map(({ ruleId, definition }) => [ruleId.toHexString(), definition]));
}

/** The definition is the draft, which is what people edit. */
function toRule(record: AutomationRuleRecord, problems: Problems): AutomationRule {
  const id = record._id.toHexString();
  return {
    id,
    name: record.name,
    description: record.description,
    enabled: record.enabled,
    priority: record.priority,
    state: record.state,
    publishedVersion: record.publishedVersion,
    hasUnpublishedChanges: record.state !== "published",
    definition: readDefinition(record.draft) ?? null,
    problems: (problems.get(id) ?? []).map(toShown),
    createdBy: record.createdBy,
    version: record.version,
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}
