import type { OutgoingContent } from "../../../contracts/outgoing.content.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { registerLinkedMediaInChange } from "../media/media.link.service";
import { requireSendableMedia } from "../media/media.outbound.service";
import { type ComposedContent, composed } from "./composed.content";

type ByItem = Extract<OutgoingContent, { kind: "media" }>;
type ByLink = Extract<OutgoingContent, { kind: "media_link" }>;

const withoutCaption = new Set<MessageRecord["kind"]>(["audio", "sticker"]);

/** @throws AppError invalid-reference, invalid-state, media-unsupported */
export async function composeMedia(
  ctx: TenantContext,
  { mediaId, caption, voice }: ByItem,
): Promise<ComposedContent> {
  const media = await requireSendableMedia(ctx, mediaId);
  requireFitting(media.kind, caption, voice);
  return composed(media.kind, {
    text: caption ?? null,
    mediaIds: [media.mediaId],
    content: contentOf(media.fileName, voice),
  });
}

/** The item behind a link is fetched after the commit; the message waits for it. @throws AppError media-unsupported */
export async function composeMediaLink(
  ctx: TenantContext,
  change: Change,
  lead: LeadRecord,
  { type, link, fileName, caption, voice }: ByLink,
): Promise<ComposedContent> {
  requireFitting(type, caption, voice);
  const name = fileName ?? null;
  const mediaId = await registerLinkedMediaInChange(ctx, change, {
    kind: type,
    url: link,
    fileName: name,
    leadId: lead._id,
  });
  return composed(type, { text: caption ?? null, mediaIds: [mediaId], content: contentOf(name, voice) });
}

function contentOf(fileName: string | null, voice: boolean | undefined): MessageRecord["content"] {
  const content = { ...(fileName === null ? {} : { fileName }), ...(voice === undefined ? {} : { voice }) };
  return Object.keys(content).length > 0 ? content : null;
}

function requireFitting(
  kind: MessageRecord["kind"],
  caption: string | undefined,
  voice: boolean | undefined,
): void {
  if (caption !== undefined && withoutCaption.has(kind)) {
    throw new AppError(
      "media-unsupported",
      "WhatsApp shows no caption with audio and stickers. Send the text as a message of its own.",
    );
  }
  if (voice !== undefined && kind !== "audio") {
    throw new AppError("media-unsupported", "Only audio can be a voice message. Leave `voice` out.");
  }
}
