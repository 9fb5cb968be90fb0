/** Making anew what every lead is found by, after a field became filterable. */
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { keyedHash } from "../../../lib/crypto/keyed.hash";
import { reindexLeads as reindexAll } from "../../../lib/search/reindex.leads";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { tenantConnection } from "../../../lib/tenant/tenant.registry";
import { filterableKeys } from "./lead.searchable";

/**
 * Asks the queue to do it; one at a time for a tenant, in the order of asking. The same fields asked for again while
 * that has not ended are the same job; it reads which fields there are when it starts.
 */
export async function enqueueReindex(ctx: TenantContext): Promise<void> {
  const fields = [...(await filterableKeys(await getCrmModels(ctx.clientCode)))].sort();
  await enqueue({
    type: "leads.reindex",
    payload: { clientCode: ctx.clientCode },
    requestId: ctx.requestId,
    key: keyedHash("reindex", fields.join(" ")),
    orderingKey: "leads.reindex",
  });
}

/** Does it for every living lead. @returns how many were written. */
export async function reindexLeads(ctx: TenantContext, signal: AbortSignal): Promise<number> {
  const { written } = await reindexAll(await tenantConnection(ctx.clientCode), { signal });
  return written;
}
