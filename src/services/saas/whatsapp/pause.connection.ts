/** A number that Meta no longer lets us use is paused: its messages wait, and a person is told. */
import type { Types } from "mongoose";
import type { ClientCode } from "../../../contracts/common.contract";
import { hastenJobs } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCentralModels } from "../../../lib/db/get.central.models";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { explainError } from "../../../lib/whatsapp/error.catalog";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { raiseAlert } from "./raise.alert";

const alertCode = "whatsapp-number-paused";

/** Pauses a number and raises one alert for it, however many messages meet the same refusal. */
export async function pauseConnection(
  ctx: TenantContext,
  connectionId: Types.ObjectId,
  reason: string,
): Promise<void> {
  await commitChange(ctx, async ({ models, session, now }) => {
    await models.Connection.updateOne(
      { _id: connectionId, state: "active" },
      {
        $set: { state: "paused", pausedReason: reason, pausedAt: now, updatedAt: now },
        $inc: { version: 1 },
      },
      { session },
    );
  });
  await raiseAlert({
    clientCode: ctx.clientCode,
    code: alertCode,
    ref: connectionId.toHexString(),
    detail: `${reason} Its messages wait; connect the number again.`,
  });
  ctx.logger.error("A WhatsApp number is paused; its messages wait.", {
    connectionId: connectionId.toHexString(),
    reason,
  });
}

/** Pauses a number for what Meta said of it. @param code one of Meta's that means the account, not the call. */
export function pauseForFault(ctx: TenantContext, connectionId: Types.ObjectId, code: number): Promise<void> {
  return pauseConnection(ctx, connectionId, explainError(code, null).explanation);
}

/** Meta lets us use the number again; what waited is sent. Not for a number that was disconnected. */
export async function resumeConnection(ctx: TenantContext, connectionId: Types.ObjectId): Promise<void> {
  const isResumed = await commitChange(ctx, async ({ models, session, now }) => {
    const { modifiedCount } = await models.Connection.updateOne(
      { _id: connectionId, state: "paused" },
      {
        $set: { state: "active", pausedReason: null, pausedAt: null, updatedAt: now },
        $inc: { version: 1 },
      },
      { session },
    );
    return modifiedCount > 0;
  });
  if (!isResumed) return;
  await closeTokenAlert(ctx.clientCode, connectionId);
  await wakeSends(ctx, connectionId);
}

const wakeBatch = 1_000;

/** What waits for a number is looked at now, since the number's state has changed. */
export async function wakeSends(ctx: TenantContext, connectionId: Types.ObjectId): Promise<void> {
  const { Message } = await getCrmModels(ctx.clientCode);
  const queued = Message.find({ status: "queued", connectionId })
    .select({ _id: 1 })
    .lean<Pick<MessageRecord, "_id">[]>()
    .cursor({ batchSize: wakeBatch });
  let keys: string[] = [];
  for await (const { _id } of queued) {
    keys.push(_id.toHexString());
    if (keys.length < wakeBatch) continue;
    await hastenJobs(ctx.clientCode, "whatsapp.send", keys);
    keys = [];
  }
  await hastenJobs(ctx.clientCode, "whatsapp.send", keys);
}

/** The number works again. */
export async function closeTokenAlert(clientCode: ClientCode, connectionId: Types.ObjectId): Promise<void> {
  const { Alert } = await getCentralModels();
  await Alert.updateOne(
    { clientCode, code: alertCode, ref: connectionId.toHexString(), state: "open" },
    { $set: { state: "closed" } },
  );
}
