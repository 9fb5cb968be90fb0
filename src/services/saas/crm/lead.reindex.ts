/** Making anew what every lead is found by: after a field became filterable, and for leads older than the search. */
import { type Types, trusted } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { leadSearch } from "../../../lib/search/lead.search";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { filterableKeys } from "./lead.searchable";

const sliceLeads = 500;

/** Asks the queue to do it; one at a time for a tenant, in the order of asking. */
export async function enqueueReindex(ctx: TenantContext): Promise<void> {
  await enqueue({
    type: "leads.reindex",
    payload: { clientCode: ctx.clientCode },
    requestId: ctx.requestId,
    orderingKey: "leads.reindex",
  });
}

/**
 * Goes through all living leads. One that changes meanwhile is left alone: its own change wrote its search data. It is
 * no change of the lead's, so neither its version rises nor does an event tell of it.
 * @returns how many leads were written.
 */
export async function reindexLeads(ctx: TenantContext, signal: AbortSignal): Promise<number> {
  const models = await getCrmModels(ctx.clientCode);
  const filterable = await filterableKeys(models);
  let last: Types.ObjectId | undefined;
  let written = 0;
  for (;;) {
    signal.throwIfAborted();
    const leads = await models.Lead.find({
      ...(last ? { _id: trusted({ $gt: last }) } : {}),
      deletedAt: null,
    })
      .sort({ _id: 1 })
      .limit(sliceLeads)
      .lean();
    const writes = leads.map((lead) => ({
      updateOne: {
        filter: { _id: lead._id, version: lead.version },
        update: { $set: { search: leadSearch(lead, filterable) } },
      },
    }));
    if (writes.length > 0) {
      const { modifiedCount } = await models.Lead.collection.bulkWrite(writes, { ordered: false });
      written += modifiedCount;
    }
    last = leads.at(-1)?._id;
    if (leads.length < sliceLeads) return written;
  }
}
