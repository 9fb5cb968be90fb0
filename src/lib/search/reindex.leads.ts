/** Writes anew what leads are found by, slice by slice; for a tenant's migration and for fields made filterable. */
import type { Connection, Types } from "mongoose";
import type { CustomFieldRecord } from "../../model/saas/custom.field.schema";
import type { LeadRecord } from "../../model/saas/lead.schema";
import { leadSearch } from "./lead.search";

const sliceLeads = 500;

export interface ReindexOptions {
  /** Only leads that have no search data at all: a pass that was cut short goes on with the rest. */
  readonly onlyMissing?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Goes once through all living leads by id. One that changes meanwhile is left alone: its own change wrote its search
 * data. It is no change of the lead's, so neither its version rises nor does an event tell of it.
 * @returns how many leads were written, and how many were left alone.
 */
export async function reindexLeads(
  connection: Connection,
  { onlyMissing = false, signal }: ReindexOptions = {},
): Promise<{ written: number; missed: number }> {
  const leads = connection.collection<LeadRecord>("leads");
  const fields = connection.collection<CustomFieldRecord>("customFields");
  const keys = await fields.find({ filterable: true }, { projection: { key: 1 } }).toArray();
  const filterable = new Set(keys.map(({ key }) => key));
  const result = { written: 0, missed: 0 };
  let last: Types.ObjectId | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const slice = await leads
      .find({
        ...(last ? { _id: { $gt: last } } : {}),
        ...(onlyMissing ? { search: { $exists: false } } : {}),
        deletedAt: null,
      })
      .sort({ _id: 1 })
      .limit(sliceLeads)
      .toArray();
    if (slice.length === 0) return result;
    const { matchedCount } = await leads.bulkWrite(
      slice.map((lead) => ({
        updateOne: {
          filter: { _id: lead._id, version: lead.version },
          update: { $set: { search: leadSearch(lead, filterable) } },
        },
      })),
      { ordered: false },
    );
    result.written += matchedCount;
    result.missed += slice.length - matchedCount;
    last = slice.at(-1)?._id;
  }
}
