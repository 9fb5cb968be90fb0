import type { Types } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import type { Contact } from "../../crm/lead.service";
import { recordEchoInChange } from "../../messaging/inbound.message";
import { replayParkedStatuses } from "../parked.items";
import { findConnectionId, openMessage, type ReadMessage, readMessage } from "./read.message";
import { ignored, processed, type WebhookKind } from "./webhook.kind";

/** What the business wrote in WhatsApp's own app: a message of ours in the conversation. */
export const echoesInbound: WebhookKind = {
  name: "echo",
  matches: ({ kind }) => kind === "echo",
  async handle(ctx, event) {
    const read = readMessage(event);
    if ("state" in read) return read;
    const contact = recipientOf(read);
    if (!contact) return ignored("The message names no recipient.");
    const connectionId = await findConnectionId(ctx, event);
    if (!connectionId) return ignored("No WhatsApp number of this tenant sent it.");
    const caused: TenantContext = { ...ctx, actor: { type: "system", id: "whatsapp", name: "WhatsApp" } };
    await commitChange(caused, (change) => storeOnce(caused, change, connectionId, read, contact));
    return processed;
  },
};

async function storeOnce(
  ctx: TenantContext,
  change: Change,
  connectionId: Types.ObjectId,
  read: ReadMessage,
  contact: Contact,
): Promise<void> {
  const opened = await openMessage(ctx, change, connectionId, read, contact);
  if (!opened) return;
  await recordEchoInChange(ctx, change, opened.place, opened.stored);
  change.afterCommit(() => replayParkedStatuses(ctx, read.head.id));
}

function recipientOf({ head, contact, at }: ReadMessage): Contact | undefined {
  const waId = contact?.wa_id ?? head.to;
  const userId = contact?.user_id ?? head.to_user_id;
  if (waId === undefined && userId === undefined) return undefined;
  const { name: profileName, username } = contact?.profile ?? {};
  return { waId, userId, profileName, username, at, isRecipient: true };
}
