import type { Types } from "mongoose";
import * as z from "zod";
import { systemNoticeSchema } from "../../../../contracts/whatsapp.message.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Change, commitChange, EventAlreadyRecordedError } from "../../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import type { WebhookEventRecord } from "../../../../model/saas/webhook.event.schema";
import { type Contact, contactKeys } from "../../crm/lead.service";
import { recordInboundMessage } from "../../messaging/inbound.message";
import type { InboundWeight } from "../../messaging/note.message";
import { replayParked } from "../parked.items";
import { inboundEventId } from "./inbound.event.id";
import type { MappedMessage } from "./message.kind";
import { findConnectionId, openMessage, type ReadMessage, readMessage } from "./read.message";
import { referralDetail } from "./referral";
import { type InboundOutcome, ignored, processed, type WebhookKind } from "./webhook.kind";

/** What is told about the person or about an earlier message; the person did not write to us. */
const notices = new Set(["system", "request_welcome", "edit", "revoke"]);

/** A customer's message: lead, conversation, message, media, consent and event in one change. */
export const messagesInbound: WebhookKind = {
  name: "message",
  matches: ({ kind }) => kind === "message",
  async handle(ctx, event) {
    const read = readMessage(event);
    if ("state" in read) return read;
    const contact = contactOf(read);
    if (!contact) return ignored("The message names no sender.");
    const connectionId = await findConnectionId(ctx, event);
    if (!connectionId) return ignored("No WhatsApp number of this tenant received it.");
    return record(ctx, event, connectionId, read, contact);
  },
};

async function record(
  ctx: TenantContext,
  event: WebhookEventRecord,
  connectionId: Types.ObjectId,
  read: ReadMessage,
  contact: Contact,
): Promise<InboundOutcome> {
  const eventId = inboundEventId("message_received", event.phoneNumberId ?? "", read.head.id);
  // The lead that a message creates has the message as its cause.
  const caused: TenantContext = {
    ...ctx,
    actor: { type: "system", id: "whatsapp", name: "WhatsApp" },
    causation: { rootEventId: eventId, depth: 0, ruleIds: [] },
  };
  try {
    await commitChange(caused, (change) => storeOnce(caused, change, connectionId, read, contact, eventId));
  } catch (error) {
    if (!(error instanceof EventAlreadyRecordedError)) throw error;
  }
  return processed;
}

async function storeOnce(
  ctx: TenantContext,
  change: Change,
  connectionId: Types.ObjectId,
  read: ReadMessage,
  contact: Contact,
  eventId: string,
): Promise<void> {
  const opened = await openMessage(ctx, change, connectionId, read, contact);
  if (!opened) return;
  const { place, stored } = opened;
  const isNotice = notices.has(read.head.type);
  const weight = weightOf(read.mapped, isNotice);
  await recordInboundMessage(ctx, change, place, { ...stored, weight, eventId: isNotice ? null : eventId });
  takeUpWaiting(ctx, change, place.lead, contact);
}

/** What was told of a person who was not known yet waits for them. */
function takeUpWaiting(ctx: TenantContext, change: Change, lead: LeadRecord, contact: Contact): void {
  const isNews = lead.updatedAt.getTime() === change.now.getTime();
  if (isNews) change.afterCommit(() => replayParked(ctx, contactKeys(contact)));
}

function weightOf({ kind }: MappedMessage, isNotice: boolean): InboundWeight {
  if (isNotice) return { opensWindow: false, showsInInbox: false };
  return { opensWindow: true, showsInInbox: kind !== "reaction" };
}

/** Since usernames exist, the number may be missing, or the user id; one of them identifies the person. */
function contactOf(read: ReadMessage): Contact | undefined {
  const { head, at, contact } = read;
  const waId = contact?.wa_id ?? head.from;
  const userId = contact?.user_id ?? head.from_user_id;
  if (waId === undefined && userId === undefined) return undefined;
  return {
    waId,
    userId,
    phone: sharedPhone(read),
    profileName: contact?.profile?.name,
    username: contact?.profile?.username,
    sourceDetail: head.referral && referralDetail(head.referral),
    at,
    ...(head.type === "system" ? afterNotice(read, waId, userId) : {}),
  };
}

/**
 * Who takes a new number gets a new user id with it; the notice comes from the old ones. It says at least one of the
 * new ones, and what it does not say stays.
 */
function afterNotice(
  { object }: ReadMessage,
  oldWaId: string | undefined,
  oldUserId: string | undefined,
): Partial<Contact> {
  const notice = systemNoticeSchema.safeParse(object).data;
  const waId = notice?.wa_id ?? notice?.new_wa_id;
  const userId = notice?.user_id;
  const isChange =
    notice?.type !== "customer_identity_changed" && (waId !== undefined || userId !== undefined);
  if (!isChange) return {};
  return {
    waId: waId ?? oldWaId,
    userId: userId ?? (waId === oldWaId ? oldUserId : undefined),
    former: {
      waId: waId === undefined || waId === oldWaId ? undefined : oldWaId,
      userId: userId === oldUserId ? undefined : oldUserId,
    },
  };
}

const sharedCardSchema = z.tuple([
  z.looseObject({
    origin: z.literal("contact_request"),
    phones: z.tuple([z.looseObject({ phone: z.string().optional(), wa_id: z.string().optional() })]),
  }),
]);

/** The person's own number, where they gave it because they were asked for it. */
function sharedPhone({ head, object }: ReadMessage): string | undefined {
  if (head.type !== "contacts") return undefined;
  const [phone] = sharedCardSchema.safeParse(object).data?.[0].phones ?? [];
  return phone?.phone ?? phone?.wa_id;
}
