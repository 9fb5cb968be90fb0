import { trusted } from "mongoose";
import * as z from "zod";
import type { Change } from "../../../lib/tenant/commit.change";
import type { MessageRecord } from "../../../model/saas/message.schema";

/** What a reaction's row keeps in `content`; an empty emoji takes the reaction back. */
const reactionContentSchema = z.object({ emoji: z.string() });

/**
 * Brings the reactions shown on a message in line with the reaction rows, whichever of the two came first: per sender
 * the latest counts, and none when it is a removal.
 * @param message one that was just stored: a reaction, or what reactions may be waiting for.
 */
export async function applyReactionsInChange(change: Change, message: MessageRecord): Promise<void> {
  const { Message } = change.models;
  const { connectionId } = message;
  const targetId = message.kind === "reaction" ? message.replyToProviderId : message.provider.messageId;
  if (targetId === null) return;
  const rows = await Message.find({
    connectionId,
    kind: "reaction",
    replyToProviderId: targetId,
    // one of ours that WhatsApp did not take is on nobody's screen
    status: trusted({ $ne: "failed" }),
  })
    .session(change.session)
    .sort({ sentAt: 1, "provider.messageId": 1 })
    .lean();
  if (rows.length === 0 && message.kind !== "reaction") return;
  const bySender = new Map<string, MessageRecord["reactions"][number]>();
  for (const row of rows) {
    const from = row.direction === "inbound" ? "lead" : "business";
    const emoji = reactionContentSchema.safeParse(row.content).data?.emoji ?? "";
    if (emoji === "") bySender.delete(from);
    else bySender.set(from, { from, emoji, at: row.sentAt });
  }
  await Message.updateOne(
    { connectionId, "provider.messageId": targetId },
    { $set: { reactions: [...bySender.values()], updatedAt: change.now }, $inc: { version: 1 } },
    { session: change.session },
  );
}
