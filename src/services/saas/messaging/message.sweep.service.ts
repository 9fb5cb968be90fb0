import { trusted } from "mongoose";
import { keysWithJob } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { leftBehindAfterMs } from "../../../lib/tenant/mark.active";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { enqueueSend } from "./message.service";
import { settleUnknown } from "./own.moves";

const batch = 500;

type LeftBehind = Pick<MessageRecord, "_id" | "conversationId" | "status" | "attemptId">;

/**
 * Takes up messages that a crash left behind: `queued` ones without a job get one again, `sending` ones become
 * `unknown`, since Meta may have them. All of them are looked at, however many wait for a paused number.
 */
export async function sweepMessages(ctx: TenantContext): Promise<{ taken: number }> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const before = new Date(ctx.now().getTime() - leftBehindAfterMs);
  const stale = Message.find({
    status: trusted({ $in: ["queued", "sending"] }),
    updatedAt: trusted({ $lte: before }),
  })
    .sort({ updatedAt: 1 })
    .select({ conversationId: 1, status: 1, attemptId: 1 })
    .lean<LeftBehind[]>()
    .cursor({ batchSize: batch });
  let taken = 0;
  let page: LeftBehind[] = [];
  for await (const message of stale) {
    page.push(message);
    if (page.length < batch) continue;
    taken += await takeUp(ctx, page);
    page = [];
  }
  return { taken: taken + (await takeUp(ctx, page)) };
}

async function takeUp(ctx: TenantContext, messages: readonly LeftBehind[]): Promise<number> {
  const queued = messages.filter(({ status }) => status === "queued");
  const withJob = await keysWithJob(
    ctx.clientCode,
    "whatsapp.send",
    queued.map(({ _id }) => _id.toHexString()),
  );
  let taken = 0;
  for (const message of messages) {
    if (message.status === "sending") taken += (await settleUnknown(ctx, message)) ? 1 : 0;
    else if (!withJob.has(message._id.toHexString())) taken += (await enqueueSend(ctx, message)) ? 1 : 0;
  }
  return taken;
}
