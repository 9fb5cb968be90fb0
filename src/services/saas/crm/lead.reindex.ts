/** Making anew what every lead is found by, after a field became filterable. */
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { reindexLeads as reindexAll } from "../../../lib/search/reindex.leads";
import { tenantConnection } from "../../../lib/tenant/tenant.registry";

/** Asks the queue to do it; one at a time for a tenant, in the order of asking. */
export async function enqueueReindex(ctx: TenantContext): Promise<void> {
  await enqueue({
    type: "leads.reindex",
    payload: { clientCode: ctx.clientCode },
    requestId: ctx.requestId,
    orderingKey: "leads.reindex",
  });
}

/** Does it for every living lead. @returns how many were written. */
export async function reindexLeads(ctx: TenantContext, signal: AbortSignal): Promise<number> {
  const { written } = await reindexAll(await tenantConnection(ctx.clientCode), { signal });
  return written;
}
