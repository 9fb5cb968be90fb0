/** Keeps what a lead is found by in step with the lead. */
import type { ClientSession } from "mongoose";
import { leadSearch } from "../../../lib/search/lead.search";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";

/** The keys of the tenant's own fields that searches may ask for. */
export async function filterableKeys(
  { CustomField }: Pick<CrmModels, "CustomField">,
  session: ClientSession | null = null,
): Promise<ReadonlySet<string>> {
  const fields = await CustomField.find({ filterable: true }).select({ key: 1 }).session(session).lean();
  return new Set(fields.map(({ key }) => key));
}

/** The lead with its search data as it is now; leads without fields of the tenant's own cost no query. */
export async function searchable(
  models: Pick<CrmModels, "CustomField">,
  lead: LeadRecord,
  session: ClientSession,
): Promise<LeadRecord> {
  const hasCustom = lead.deletedAt === null && Object.keys(lead.custom).length > 0;
  const keys = hasCustom ? await filterableKeys(models, session) : new Set<string>();
  return { ...lead, search: leadSearch(lead, keys) };
}
