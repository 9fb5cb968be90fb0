import { Types } from "mongoose";
import { type InboundStatus, statusItemSchema } from "../../../../contracts/whatsapp.message.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { explainError, marketingStopped } from "../../../../lib/whatsapp/error.catalog";
import { storable } from "../../../../lib/whatsapp/storable";
import type { MessageRecord } from "../../../../model/saas/message.schema";
import { noteMarketingChoiceInChange } from "../../crm/lead.service";
import { raiseStatusInChange, type WebhookStatus } from "../../messaging/raise.status";
import { statusKey } from "../parked.items";
import { ignored, parked, processed, type WebhookKind } from "./webhook.kind";

/** Meta's statuses; `deleted` and `warning` of old payloads change nothing. */
const statusWords: readonly WebhookStatus[] = ["sent", "failed", "delivered", "read", "played"];

/** A status of a message of ours. One that comes before its message waits for it. */
export const statusesInbound: WebhookKind = {
  name: "status",
  matches: ({ kind }) => kind === "status",
  async handle(ctx, event) {
    const item = statusItemSchema.safeParse(JSON.parse(event.raw));
    if (!item.success) return ignored("The status has no id, word or time.");
    const { status } = item.data;
    const word = statusWords.find((each) => each === status.status);
    if (!word || status.type === "call") return ignored("Statuses of this kind change no message.");
    if (status.recipient_type === "group") return ignored("Groups are not supported; it is kept raw.");
    const { Connection } = await getCrmModels(ctx.clientCode);
    const connection = await Connection.findOne({ phoneNumberId: event.phoneNumberId ?? "" }).lean();
    if (!connection) return ignored("No WhatsApp number of this tenant sent it.");
    const isFound = await commitChange(ctx, (change) => apply(ctx, change, connection._id, status, word));
    if (isFound) return processed;
    return parked(ctx, event, {
      for: [statusKey(status.id)],
      because: "Its message is not known here yet.",
      inVain: "It is about no message of ours.",
    });
  },
};

async function apply(
  ctx: TenantContext,
  change: Change,
  connectionId: Types.ObjectId,
  status: InboundStatus,
  word: WebhookStatus,
): Promise<boolean> {
  const message = await findMessage(change, connectionId, status);
  if (!message) return false;
  const [error] = status.errors ?? [];
  await raiseStatusInChange(ctx, change, message, {
    status: word,
    at: status.timestamp,
    providerMessageId: status.id,
    error:
      word === "failed"
        ? explainError(error?.code ?? null, error?.error_data?.details ?? error?.title ?? null)
        : null,
    pricing: status.pricing ? storable(status.pricing) : null,
  });
  if (word === "failed" && error?.code === marketingStopped) {
    await noteMarketingChoiceInChange(change, message.leadId, { optIn: false, at: status.timestamp });
  }
  return true;
}

/** By Meta's id, else by the id of ours that Meta sends back: the status may be faster than the answer to the send. */
async function findMessage(
  { models, session }: Change,
  connectionId: Types.ObjectId,
  { id, biz_opaque_callback_data: ours }: InboundStatus,
): Promise<MessageRecord | null> {
  const { Message } = models;
  const direction = "outbound";
  const known = await Message.findOne({ connectionId, "provider.messageId": id, direction })
    .session(session)
    .lean();
  if (known || ours === undefined || !/^[0-9a-f]{24}$/.test(ours)) return known;
  return Message.findOne({
    _id: new Types.ObjectId(ours),
    connectionId,
    direction,
    "provider.messageId": null,
  })
    .session(session)
    .lean();
}
