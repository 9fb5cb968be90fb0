/** Searching leads by a condition, by words, or both. */
import { type QueryFilter, trusted } from "mongoose";
import type { FoundLead, SearchLeads } from "../../../contracts/lead.search.contract";
import { checkCondition, conditionToFilter } from "../../../lib/condition";
import { patternOf } from "../../../lib/condition/text";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { type Page, pageOf } from "../../../lib/query/page";
import { queryWords } from "../../../lib/search/words";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { readLeadFields } from "./lead.fields";
import { showLeads } from "./lead.show";

const sorts = {
  createdAt: "createdAt",
  updatedAt: "updatedAt",
  lastActivityAt: "lastActivityAt",
  score: "score",
} as const;

/**
 * Leads for which the condition holds and that have all the words, a page at a time.
 * @throws AppError validation-failed with a pointer into the condition, invalid-cursor.
 */
export async function searchLeads(ctx: TenantContext, search: SearchLeads): Promise<Page<FoundLead>> {
  const models = await getCrmModels(ctx.clientCode);
  const [direction, name] = search.sort.startsWith("-")
    ? ([-1, search.sort.slice(1)] as const)
    : ([1, search.sort] as const);
  const sort = Object.values(sorts).find((each) => each === name) ?? "createdAt";
  const page = await pageOf(ctx, models.Lead, {
    route: "searchLeads",
    query: search,
    filter: await searchFilter(ctx, models, search),
    sort: { [sort]: direction, _id: direction },
  });
  return { ...page, data: await showLeads(ctx, models, page.data, search) };
}

/**
 * What a search asks for; exports and enrolments ask the same way.
 * @throws AppError validation-failed with a pointer into the condition.
 */
export async function searchFilter(
  ctx: TenantContext,
  models: CrmModels,
  { condition, query }: Pick<SearchLeads, "condition" | "query">,
): Promise<QueryFilter<LeadRecord>> {
  const parts: QueryFilter<LeadRecord>[] = wordFilters(query ?? "");
  if (condition) parts.push(await conditionFilter(ctx, models, condition, "/condition"));
  return { deletedAt: null, ...(parts.length > 0 ? { $and: parts } : {}) };
}

/**
 * The leads for which a condition holds, deleted ones among them.
 * @throws AppError validation-failed with pointers that begin with `pointer`.
 */
export async function conditionFilter(
  ctx: TenantContext,
  models: CrmModels,
  condition: NonNullable<SearchLeads["condition"]>,
  pointer: string,
): Promise<QueryFilter<LeadRecord>> {
  const fields = await readLeadFields(models);
  const issues = checkCondition(condition, fields, { pointer, use: "search" });
  if (issues.length > 0) throw invalidRequest(issues);
  return conditionToFilter(condition, fields, ctx.now());
}

/** Every word must begin one of the lead's. A query without a word finds everything. */
export function wordFilters(query: string): QueryFilter<LeadRecord>[] {
  return queryWords(query).map((word) => ({ "search.words": trusted({ $regex: `^${patternOf(word)}` }) }));
}
