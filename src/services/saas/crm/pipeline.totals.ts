/** How many leads a stage holds and what they are worth. */
import { type QueryFilter, Types } from "mongoose";
import * as z from "zod";
import type { Money } from "../../../contracts/common.contract";
import { longestReadMs } from "../../../lib/query/page";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";

/** Beyond this a filtered column is not counted on: nobody reads the difference. */
const maxFiltered = 10_000;

export interface ColumnTotal {
  readonly count: number;
  readonly countIsCapped: boolean;
  readonly values: Money[];
}

const groupSchema = z.object({
  _id: z.object({ stage: z.instanceof(Types.ObjectId), currency: z.string().nullish() }),
  count: z.number(),
  amount: z.number(),
});

/**
 * Totals of stages by their ids, exact, in one pass over the keys of the index `totals`: no lead is read. A lead has
 * a rank as long as it lives, so that the keys tell the living from the deleted.
 */
export async function pipelineTotals(
  { Lead }: CrmModels,
  stageIds: readonly string[],
): Promise<Map<string, ColumnTotal>> {
  const groups = await Lead.aggregate([
    { $match: { stageId: { $in: stageIds.map((id) => new Types.ObjectId(id)) }, rank: { $gt: "" } } },
    { $project: { _id: 0, stageId: 1, "value.currency": 1, "value.amount": 1 } },
    {
      $group: {
        _id: { stage: "$stageId", currency: "$value.currency" },
        count: { $sum: 1 },
        amount: { $sum: "$value.amount" },
      },
    },
  ]).option({ hint: "totals" });
  const totals = new Map<string, ColumnTotal>();
  for (const { _id, count, amount } of z.array(groupSchema).parse(groups)) {
    const stageId = _id.stage.toHexString();
    const before = totals.get(stageId) ?? { count: 0, values: [] };
    const values = _id.currency ? [...before.values, { amount, currency: _id.currency }] : before.values;
    totals.set(stageId, { count: before.count + count, countIsCapped: false, values });
  }
  return totals;
}

/** The total of the leads of a filter, the first 10,000 of them. */
export async function filteredTotal(
  { Lead }: CrmModels,
  filter: QueryFilter<LeadRecord>,
): Promise<ColumnTotal> {
  const leads = await Lead.find(filter)
    .sort({ rank: 1 })
    .limit(maxFiltered + 1)
    .select({ _id: 0, value: 1 })
    .maxTimeMS(longestReadMs)
    .lean();
  const sums = new Map<string, number>();
  for (const { value } of leads.slice(0, maxFiltered))
    if (value) sums.set(value.currency, (sums.get(value.currency) ?? 0) + value.amount);
  return {
    count: Math.min(leads.length, maxFiltered),
    countIsCapped: leads.length > maxFiltered,
    values: [...sums].map(([currency, amount]) => ({ amount, currency })),
  };
}
