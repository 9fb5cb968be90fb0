import { Types, trusted } from "mongoose";
import type { CrmEvent } from "../../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";

/** An answer that comes later is about something else. */
const answerMs = 7 * 24 * 60 * 60_000;
/** WhatsApp tells times in whole seconds. */
const secondMs = 1_000;

/** Notes who answered: the latest broadcast to a person within a week has the answer. Told again it changes nothing. */
export async function noteReplies(ctx: TenantContext, events: readonly CrmEvent[]): Promise<void> {
  const { BroadcastRecipient } = await getCrmModels(ctx.clientCode);
  for (const { type, subject, occurredAt } of events) {
    if (type !== "message_received" || subject.leadId === undefined) continue;
    const at = new Date(occurredAt);
    const latest = await BroadcastRecipient.findOne({
      leadId: new Types.ObjectId(subject.leadId),
      sentAt: trusted({ $gte: new Date(at.getTime() - answerMs), $lte: new Date(at.getTime() + secondMs) }),
    })
      .sort({ sentAt: -1 })
      .select({ repliedAt: 1 })
      .lean();
    if (latest && latest.repliedAt === null)
      await BroadcastRecipient.updateOne({ _id: latest._id, repliedAt: null }, { $set: { repliedAt: at } });
  }
}
