/** What a tenant has in the end, as a named list of fields: no ids, versions, sequence numbers, or times of our own. */
import type { Types } from "mongoose";
import type { Sent } from "./day.of.traffic";
import type { WhatsAppTenant } from "./whatsapp.stack";

const byKey = <T extends { key: string }>(rows: T[]): T[] => rows.sort((a, b) => a.key.localeCompare(b.key));

/** Everything that Meta decides. */
export async function endState({ models }: WhatsAppTenant, sent: readonly Sent[]): Promise<object> {
  const leads = await models.Lead.find({ deletedAt: null }).lean();
  const conversations = await models.Conversation.find({}).lean();
  const messages = await models.Message.find({}).lean();
  const templates = await models.Template.find({}).lean();
  const events = await models.WebhookEvent.find({}).select({ state: 1, kind: 1, field: 1, reason: 1 }).lean();

  const clientIds = new Map(sent.map(({ wamid, clientId }) => [wamid, clientId]));
  /** Meta's id of an inbound message, our name of an outbound one. */
  const nameOf = (wamid: string | null) => (wamid === null ? "" : (clientIds.get(wamid) ?? wamid));
  const person = (id: Types.ObjectId | null) => {
    const lead = leads.find(({ _id }) => id !== null && _id.equals(id));
    return lead ? (lead.waUserId ?? lead.waId ?? "") : "gone";
  };
  return {
    leads: byKey(
      leads.map((lead) => ({
        key: person(lead._id),
        waId: lead.waId,
        waUserId: lead.waUserId,
        username: lead.username,
        phone: lead.phone?.e164,
        displayName: lead.displayName,
        consent: lead.consent,
        doNotContact: lead.doNotContact,
        lastInboundAt: lead.lastInboundAt,
        source: lead.source,
      })),
    ),
    conversations: byKey(
      conversations.map((conversation) => ({
        key: person(conversation.leadId),
        status: conversation.status,
        unreadCount: conversation.unreadCount,
        lastPreview: conversation.lastMessage?.preview,
        lastInboundAt: conversation.lastInboundAt,
        windowExpiresAt: conversation.windowExpiresAt,
      })),
    ),
    messages: byKey(
      messages.map((message) => ({
        key: nameOf(message.provider.messageId),
        person: person(message.leadId),
        direction: message.direction,
        kind: message.kind,
        text: message.text,
        content: message.content,
        reactions: message.reactions.map(({ from, emoji }) => [from, emoji]),
        replyTo: nameOf(message.replyToProviderId),
        status: message.status,
        error: message.error?.code,
        media: message.mediaIds.length,
        ...(message.direction === "inbound"
          ? { sentAt: message.sentAt }
          : { pricing: message.pricing, at: { ...message.statusAt, queued: null, sending: null } }),
      })),
    ),
    templates: byKey(
      templates.map(({ name, language, status, category, components }) => ({
        key: `${name} ${language}`,
        status,
        category,
        components,
      })),
    ),
    events: byKey(
      events.map(({ kind, field, state, reason }) => ({ key: [kind, field, state, reason].join(" ") })),
    ),
  };
}
