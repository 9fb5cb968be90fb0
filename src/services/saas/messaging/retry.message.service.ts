/** A person has a message sent again. */
import { Types } from "mongoose";
import type { Message, RetryMessageBody } from "../../../contracts/message.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { checkVersion, invalidState, notFound } from "../crm/crm.problem";
import { requireOpenWindow } from "./compose.message";
import { toMessage } from "./message.serialiser";
import { enqueueSend } from "./message.service";
import { requireConnected } from "./open.conversation";
import { requeueInChange } from "./own.moves";
import { refuseUnwanted } from "./refuse.unwanted";

/**
 * Puts a message that failed for the moment, or whose fate is unknown, back into the queue: the same row, so that its
 * history stays with it. Everything that is known to fail is refused.
 * @param at `ifMatch`: the version the caller saw, undefined when the last write may win.
 * @throws AppError not-found, precondition-failed, invalid-state, opted-out, outside-service-window.
 */
export async function retryMessage(
  ctx: TenantContext,
  at: { readonly id: string; readonly ifMatch: number | undefined },
  { acceptDoubt = false }: RetryMessageBody = {},
): Promise<Message> {
  return commitChange(ctx, async (change) => {
    const _id = new Types.ObjectId(at.id);
    const message = await change.models.Message.findById(_id).session(change.session).lean();
    if (!message) throw notFound("message");
    checkVersion(message, at.ifMatch, toMessage);
    if (message.redactedAt !== null) throw invalidState("What this message said was taken away for good.");
    requireRetryable(message, acceptDoubt);
    await requireSendable(change, message);
    const queued = await requeueInChange(change, message);
    if (!queued) throw invalidState(settled);
    change.afterCommit(async () => {
      await enqueueSend(ctx, queued);
    });
    return toMessage(queued);
  });
}

const settled = "Only a message that is `failed` or `unknown` can be sent again. This one is neither.";

function requireRetryable({ status, error }: MessageRecord, acceptDoubt: boolean): void {
  if (status === "unknown" && !acceptDoubt) {
    throw invalidState(
      "Meta may have taken this message already, so it may arrive twice. Send `acceptDoubt: true` if that is acceptable.",
    );
  }
  if (status === "failed" && !error?.retryable) {
    throw invalidState("This message would fail again. See its `error`, and write a new message.");
  }
  if (status !== "unknown" && status !== "failed") throw invalidState(settled);
}

async function requireSendable({ models, session, now }: Change, message: MessageRecord): Promise<void> {
  const { leadId, connectionId, conversationId } = message;
  const lead = await models.Lead.findOne({ _id: leadId, deletedAt: null }).session(session).lean();
  const connection = await models.Connection.findById(connectionId).session(session).lean();
  const conversation = await models.Conversation.findById(conversationId).session(session).lean();
  if (!lead || !connection || !conversation) {
    throw invalidState("The lead or the WhatsApp number of this message is no longer here.");
  }
  requireConnected(connection);
  refuseUnwanted(lead);
  if (message.kind !== "template") requireOpenWindow(conversation, now);
}
