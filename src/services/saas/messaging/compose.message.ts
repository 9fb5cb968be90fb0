import type { OutgoingContent } from "../../../contracts/outgoing.content.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { composeContacts, composeLocation } from "./compose.card";
import { composeInteractive } from "./compose.interactive";
import { composeMedia, composeMediaLink } from "./compose.media";
import { composeReaction } from "./compose.reaction";
import { composeTemplate } from "./compose.template";
import { type ComposedContent, composed } from "./composed.content";

export interface ComposeInput {
  readonly lead: LeadRecord;
  readonly conversation: ConversationRecord;
  readonly connection: ConnectionRecord;
  readonly content: OutgoingContent;
}

/**
 * Checks what is to be sent against all that is known here, so that Meta never sees what it would refuse.
 * `content` of the row is in Meta's own form, as that of inbound messages is.
 * @throws AppError outside-service-window, template-not-sendable, missing-variable, invalid-variable,
 * media-unsupported, invalid-reference, invalid-state
 */
export async function composeMessage(
  ctx: TenantContext,
  change: Change,
  input: ComposeInput,
): Promise<ComposedContent> {
  const { conversation, connection, lead, content } = input;
  if (content.kind === "template") return composeTemplate(ctx, change, connection, content.template);
  requireOpenWindow(conversation, change.now);
  switch (content.kind) {
    case "text":
      return composed("text", {
        text: content.text,
        content: content.previewUrl === undefined ? null : { previewUrl: content.previewUrl },
      });
    case "media":
      return composeMedia(ctx, content);
    case "media_link":
      return composeMediaLink(ctx, change, lead, content);
    case "interactive":
      return composeInteractive(ctx, content.interactive);
    case "location":
      return composeLocation(content.location);
    case "contacts":
      return composeContacts(content.contacts);
    case "reaction":
      return composeReaction(change, conversation, content.reaction);
  }
}

/** Whether anything but a template may be sent. */
export function isWindowOpen({ windowExpiresAt }: ConversationRecord, now: Date): boolean {
  return windowExpiresAt !== null && windowExpiresAt > now;
}

/** @throws AppError outside-service-window, which carries `windowExpiresAt`. */
export function requireOpenWindow(conversation: ConversationRecord, now: Date): void {
  if (isWindowOpen(conversation, now)) return;
  throw new AppError(
    "outside-service-window",
    conversation.windowExpiresAt === null
      ? "This person has not written yet, so WhatsApp takes only a template. Send a template first."
      : "The person's last message is more than 24 hours old, so WhatsApp takes only a template. Send a template.",
    { extensions: { windowExpiresAt: conversation.windowExpiresAt?.toISOString() ?? null } },
  );
}
