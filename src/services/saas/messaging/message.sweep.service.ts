import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { leftBehindAfterMs } from "../../../lib/tenant/mark.active";
import { enqueueSend } from "./message.service";
import { settleUnknown } from "./own.moves";

const batch = 500;

/**
 * Takes up messages that a crash left behind: `queued` ones get a job again (one that has a job keeps it), `sending`
 * ones become `unknown`, since Meta may have them.
 */
export async function sweepMessages(ctx: TenantContext): Promise<{ taken: number }> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const before = new Date(ctx.now().getTime() - leftBehindAfterMs);
  const stale = await Message.find({
    status: trusted({ $in: ["queued", "sending"] }),
    updatedAt: trusted({ $lte: before }),
  })
    .sort({ updatedAt: 1 })
    .limit(batch)
    .lean();
  let taken = 0;
  for (const message of stale) {
    if (message.status === "sending") taken += (await settleUnknown(ctx, message)) ? 1 : 0;
    else taken += (await enqueueSend(ctx, message)) ? 1 : 0;
  }
  return { taken };
}
