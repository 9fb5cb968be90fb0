import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import { invalidReference, invalidState } from "../crm/crm.problem";

/** The conversation of a lead over a number; made when there is none yet. */
export async function openConversationInChange(
  _ctx: TenantContext,
  change: Change,
  { leadId, connectionId }: { leadId: Types.ObjectId; connectionId: Types.ObjectId },
): Promise<ConversationRecord> {
  const { Conversation } = change.models;
  const known = await Conversation.findOne({ connectionId, leadId }).session(change.session).lean();
  if (known) return known;
  const conversation = newConversation(change, leadId, connectionId);
  await Conversation.insertMany([conversation], { session: change.session });
  change.record({
    type: "conversation_created",
    subject: { leadId: leadId.toHexString(), conversationId: conversation._id.toHexString() },
    data: { channel: conversation.channel, connectionId: connectionId.toHexString() },
  });
  return conversation;
}

function newConversation(
  { now }: Change,
  leadId: Types.ObjectId,
  connectionId: Types.ObjectId,
): ConversationRecord {
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    leadId,
    channel: "whatsapp",
    connectionId,
    status: "open",
    snoozedUntil: null,
    priority: "none",
    assigneeId: null,
    teamId: null,
    participantIds: [],
    labels: [],
    unreadCount: 0,
    lastMessage: null,
    lastActivityAt: now,
    lastInboundAt: null,
    windowExpiresAt: null,
    waitingSince: null,
    firstReplyAt: null,
    resolvedAt: null,
    botActive: false,
    custom: {},
  };
}

/** @throws AppError invalid-state for a number that was let go. */
export function requireConnected({ state }: Pick<ConnectionRecord, "state">): void {
  if (state === "disconnected")
    throw invalidState(
      "This WhatsApp number is no longer connected. Write from another one, or connect it again.",
    );
}

/**
 * The number to write from: the one named, else the tenant's default, else its only one.
 * @throws AppError invalid-reference for an id that names none, invalid-state when there is none to choose.
 */
export async function chooseConnection(
  { models, session }: Change,
  connectionId: string | undefined,
): Promise<ConnectionRecord> {
  const { Connection } = models;
  if (connectionId !== undefined) {
    const named = await Connection.findById(new Types.ObjectId(connectionId)).session(session).lean();
    if (!named) throw invalidReference("/connectionId", "WhatsApp number");
    requireConnected(named);
    return named;
  }
  const connections = await Connection.find({}).session(session).lean();
  const usable = connections.filter(({ state }) => state !== "disconnected");
  const chosen = usable.find(({ isDefault }) => isDefault) ?? (usable.length === 1 ? usable[0] : undefined);
  if (chosen) return chosen;
  throw invalidState(
    usable.length === 0
      ? "No WhatsApp number is connected. Connect one first: npm run tenants -- whatsapp."
      : "Several WhatsApp numbers are connected and none is the default. Name one in connectionId.",
  );
}
