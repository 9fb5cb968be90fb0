import type { Types } from "mongoose";
import type { OutgoingContent } from "../../../contracts/message.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { requireSendableMedia, type SendableMedia } from "../media/media.outbound.service";
import { composeTemplate } from "./compose.template";

/** What a message's row holds of its content. */
export type ComposedContent = Pick<MessageRecord, "kind" | "text" | "mediaIds" | "template" | "content">;

export interface ComposeInput {
  readonly conversation: ConversationRecord;
  readonly connection: ConnectionRecord;
  readonly content: OutgoingContent;
}

const withoutCaption = new Set<MessageRecord["kind"]>(["audio", "sticker"]);

/**
 * Checks what is to be sent against all that is known here, so that Meta never sees what it would refuse.
 * @throws AppError outside-service-window, template-not-sendable, missing-variable, media-unsupported, invalid-reference
 */
export async function composeMessage(
  ctx: TenantContext,
  change: Change,
  { conversation, connection, content }: ComposeInput,
): Promise<ComposedContent> {
  if (content.kind === "template") return composeTemplate(ctx, change, connection, content.template);
  requireOpenWindow(conversation, change.now);
  if (content.kind === "text") {
    return {
      kind: "text",
      text: content.text,
      mediaIds: [],
      template: null,
      content: content.previewUrl === undefined ? null : { previewUrl: content.previewUrl },
    };
  }
  const media = await requireSendableMedia(ctx, content.mediaId);
  return composeMedia(media, content.caption ?? null);
}

function composeMedia(media: SendableMedia, caption: string | null): ComposedContent {
  if (caption !== null && withoutCaption.has(media.kind)) {
    throw new AppError(
      "media-unsupported",
      "WhatsApp shows no caption with audio and stickers. Send the text as a message of its own.",
    );
  }
  const mediaIds: Types.ObjectId[] = [media.mediaId];
  const content = media.fileName === null ? null : { fileName: media.fileName };
  return { kind: media.kind, text: caption, mediaIds, template: null, content };
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
