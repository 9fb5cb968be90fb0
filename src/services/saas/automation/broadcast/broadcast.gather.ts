import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { BroadcastRecord } from "../../../../model/saas/broadcast.schema";
import { audienceFilter } from "../audience";

const page = 1_000;

/**
 * Notes the next people whom the search finds, in the order of their ids: each gets one row, however often this is
 * done over. @returns the broadcast as it stands then; `recipients` is set once all are noted.
 */
export async function gatherPage(ctx: TenantContext, broadcast: BroadcastRecord): Promise<BroadcastRecord> {
  const models = await getCrmModels(ctx.clientCode);
  const { _id: broadcastId, search, gatheredUpTo } = broadcast;
  const found = await audienceFilter(ctx, models, search ?? { condition: null, query: null }, "/audience");
  const beyond = gatheredUpTo ? [{ _id: trusted({ $gt: gatheredUpTo }) }] : [];
  const leads = await models.Lead.find({ $and: [found, ...beyond] })
    .sort({ _id: 1 })
    .limit(page)
    .select({ _id: 1 })
    .lean();
  const dueAt = ctx.now();
  if (leads.length > 0)
    await models.BroadcastRecipient.collection.bulkWrite(
      leads.map(({ _id: leadId }) => ({
        updateOne: {
          filter: { broadcastId, leadId },
          update: {
            $setOnInsert: {
              _id: new Types.ObjectId(),
              state: "pending",
              code: "",
              detail: null,
              dueAt,
              messageId: null,
              sentAt: null,
              repliedAt: null,
            },
          },
          upsert: true,
        },
      })),
      { ordered: false },
    );
  const isLast = leads.length < page;
  const next = {
    gatheredUpTo: leads.at(-1)?._id ?? gatheredUpTo,
    recipients: isLast ? await models.BroadcastRecipient.countDocuments({ broadcastId }) : null,
    updatedAt: dueAt,
  };
  await models.Broadcast.updateOne({ _id: broadcastId, state: "running" }, { $set: next });
  return { ...broadcast, ...next };
}
