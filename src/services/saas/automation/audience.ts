/** Whom a search finds, for what is done to many: broadcasts, rules that are started by hand. */
import type { QueryFilter } from "mongoose";
import type { Audience } from "../../../contracts/audience.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { BroadcastRecord } from "../../../model/saas/broadcast.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { invalidReference } from "../crm/crm.problem";
import { searchFilter } from "../crm/lead.search";

type Search = NonNullable<BroadcastRecord["search"]>;

/**
 * What an audience asks for now.
 * @param pointer where it stands in the request
 * @throws AppError invalid-reference for a saved search that is not here, validation-failed with a pointer into a condition.
 */
export async function searchOf(
  ctx: TenantContext,
  models: CrmModels,
  { savedSearchId, condition, query }: Audience,
  pointer: string,
): Promise<Search> {
  const saved = savedSearchId === undefined ? null : await models.SavedSearch.findById(savedSearchId).lean();
  if (savedSearchId !== undefined && !saved)
    throw invalidReference(`${pointer}/savedSearchId`, "saved search");
  const search = saved
    ? { condition: saved.condition, query: saved.query }
    : { condition: condition ?? null, query: query ?? null };
  await audienceFilter(ctx, models, search, pointer);
  return search;
}

/** The leads that a search finds, deleted ones not among them. @throws AppError validation-failed */
export async function audienceFilter(
  ctx: TenantContext,
  models: CrmModels,
  { condition, query }: Search,
  pointer: string,
): Promise<QueryFilter<LeadRecord>> {
  try {
    return await searchFilter(ctx, models, { condition: condition ?? undefined, query: query ?? undefined });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "validation-failed") throw error;
    const errors = error.options.errors ?? [];
    throw invalidRequest(errors.map((each) => ({ ...each, pointer: `${pointer}${each.pointer}` })));
  }
}
