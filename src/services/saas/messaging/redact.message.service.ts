/** What a message said is taken away for good; that there was one, when and from whom, stays. */
import { Types, trusted } from "mongoose";
import type { Message } from "../../../contracts/message.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { checkVersion, invalidState, notFound } from "../crm/crm.problem";
import { revokeMediaInChange } from "../media/media.revoke";
import { forgetEdits } from "./amendments";
import { messagePreview } from "./message.preview";
import { toMessage } from "./message.serialiser";
import { subjectOf } from "./message.subject";

/**
 * Takes the content of a message and of its edits away, everywhere it is kept: text, media that came with it, search
 * words, the inbox's preview, Meta's raw webhook, stored answers, what rules saw. What the customer sees in WhatsApp
 * stays. A message
 * that is redacted already is answered as it is.
 * @throws AppError not-found, precondition-failed, invalid-state for one that is still on its way
 */
export async function redactMessage(
  ctx: TenantContext,
  { id, ifMatch }: { readonly id: string; readonly ifMatch: number | undefined },
): Promise<Message> {
  return commitChange(ctx, async (change) => {
    const { models, session, now } = change;
    const message = await models.Message.findById(new Types.ObjectId(id)).session(session).lean();
    if (!message) throw notFound("message");
    checkVersion(message, ifMatch, toMessage);
    if (message.redactedAt !== null) return toMessage(message);
    if (["queued", "sending", "unknown"].includes(message.status))
      throw invalidState("The message is still on its way. Redact it when it is sent or has failed.");
    await revokeMediaInChange(ctx, change, message, "redacted");
    await forgetRaw(change, message);
    await forgetEdits(change, message);
    const after = redacted(message, now);
    const { text, content, template, mediaIds, redactedAt, version, updatedAt } = after;
    await models.Message.updateOne(
      { _id: message._id },
      { $set: { text, content, template, mediaIds, redactedAt, version, updatedAt } },
      { session },
    );
    await models.Conversation.updateOne(
      { _id: message.conversationId, "lastMessage.id": message._id },
      { $set: { "lastMessage.preview": messagePreview(after) } },
      { session },
    );
    await forgetAnswers(change, after);
    await forgetTraces(change, message);
    change.record({ type: "message_updated", subject: subjectOf(message), data: { redacted: true } });
    return toMessage(after);
  });
}

function redacted(message: MessageRecord, now: Date): MessageRecord {
  const { template } = message;
  return {
    ...message,
    text: null,
    content: null,
    template: template && { ...template, variables: {}, rendered: "" },
    mediaIds: [],
    redactedAt: now,
    version: message.version + 1,
    updatedAt: now,
  };
}

/** Meta's own bytes of the message and its edits. The rows stay, so that the same webhook again brings nothing back. */
async function forgetRaw(
  { models, session }: Change,
  { connectionId, provider }: MessageRecord,
): Promise<void> {
  if (provider.messageId === null) return;
  const connection = await models.Connection.findById(connectionId).session(session).lean();
  const edits = await models.Message.find({
    connectionId,
    kind: "edit",
    replyToProviderId: provider.messageId,
  })
    .select({ provider: 1 })
    .session(session)
    .lean();
  const number = connection?.phoneNumberId ?? "";
  const wamids = [provider.messageId, ...edits.flatMap((edit) => edit.provider.messageId ?? [])];
  await models.WebhookEvent.updateMany(
    {
      dedupeKey: trusted({
        $in: wamids.flatMap((wamid) => ["m", "e"].map((letter) => `${letter}:${number}:${wamid}`)),
      }),
      state: trusted({ $ne: "received" }),
    },
    { $set: { raw: "{}" } },
    { session },
  );
}

/**
 * Answers that are kept for repeated requests say what the message says now. Those that show it as a conversation's
 * latest are made anew when they are asked for again.
 */
async function forgetAnswers({ models, session }: Change, message: MessageRecord): Promise<void> {
  const { leadId } = message;
  const itself = `"id":"${message._id.toHexString()}"`;
  await models.IdempotencyKey.updateMany(
    { leadId, body: trusted({ $regex: `^\\{${itself}` }) },
    { $set: { body: JSON.stringify(toMessage(message)) } },
    { session },
  );
  await models.IdempotencyKey.deleteMany(
    { leadId, body: trusted({ $regex: `"lastMessage":\\{${itself}` }) },
    { session },
  );
}

/** Rules write down what their conditions saw, a text of the message among it. */
async function forgetTraces(
  { models, session }: Change,
  { leadId, text }: Pick<MessageRecord, "leadId" | "text">,
): Promise<void> {
  if (text === null) return;
  const filter = { leadId, "trace.actual": text };
  const update = { $set: { "trace.$[line].actual": null } };
  const options = { session, arrayFilters: [{ "line.actual": text }] };
  await models.AutomationDecision.updateMany(filter, update, options);
  await models.AutomationStepLog.updateMany(filter, update, options);
}
