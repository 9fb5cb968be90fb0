import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { templateComponents } from "../../../../lib/whatsapp/template/fill.template";
import { isMediaHeader, readTemplateShape } from "../../../../lib/whatsapp/template/template.shape";
import type { ConnectionRecord } from "../../../../model/saas/connection.schema";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import type { MessageRecord } from "../../../../model/saas/message.schema";
import { addressOf } from "../../messaging/refuse.unwanted";
import { CannotSend } from "./cannot.send";
import { type UploadedMedia, uploadedMedia } from "./uploaded.media";

export interface BodyInput {
  readonly message: MessageRecord;
  readonly lead: LeadRecord;
  readonly connection: ConnectionRecord;
  readonly token: string;
}

/**
 * Meta's body of a stored message. Media is uploaded first when Meta does not have it.
 * @throws CannotSend, GraphCallError from an upload.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages
 */
export async function buildBody(ctx: TenantContext, input: BodyInput): Promise<Record<string, unknown>> {
  const { message, lead } = input;
  const address = addressOf(lead);
  if (!address) throw new CannotSend("The lead no longer has a phone number or a WhatsApp id.");
  return {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    ...address,
    ...(message.replyToProviderId === null ? {} : { context: { message_id: message.replyToProviderId } }),
    // comes back with every status: what settles a send whose answer was lost
    biz_opaque_callback_data: message._id.toHexString(),
    ...(await contentOf(ctx, input)),
  };
}

async function contentOf(ctx: TenantContext, input: BodyInput): Promise<Record<string, unknown>> {
  const { kind, text, content } = input.message;
  switch (kind) {
    case "text":
      return { type: "text", text: { body: text ?? "", preview_url: content?.previewUrl === true } };
    case "template":
      return { type: "template", template: await templateOf(ctx, input) };
    case "image":
    case "video":
    case "audio":
    case "document":
    case "sticker":
      return { type: kind, [kind]: mediaObject(await onlyMedia(ctx, input), text) };
    default:
      throw new CannotSend("Messages of this kind cannot be sent.");
  }
}

function mediaObject(media: UploadedMedia, caption: string | null): Record<string, unknown> {
  return {
    id: media.metaMediaId,
    ...(caption === null ? {} : { caption }),
    ...(media.kind === "document" && media.fileName !== null ? { filename: media.fileName } : {}),
    // ours is always mono Opus in Ogg: what WhatsApp shows as a voice note
    ...(media.kind === "audio" && media.mime === "audio/ogg" ? { voice: true } : {}),
  };
}

async function templateOf(ctx: TenantContext, input: BodyInput): Promise<Record<string, unknown>> {
  const { message, connection } = input;
  if (!message.template) throw new CannotSend("The message names no template.");
  const { name, language, variables } = message.template;
  const { Template } = await getCrmModels(ctx.clientCode);
  const template = await Template.findOne({
    wabaId: connection.wabaId,
    name,
    language,
    deletedAt: null,
  }).lean();
  if (!template) throw new CannotSend("The template was deleted while the message waited.");
  const shape = readTemplateShape(template);
  const media = isMediaHeader(shape) ? await onlyMedia(ctx, input) : null;
  const header =
    media && (media.kind === "image" || media.kind === "video" || media.kind === "document")
      ? { kind: media.kind, mediaId: media.metaMediaId, fileName: media.fileName }
      : null;
  const components = templateComponents(shape, variables, header);
  return { name, language: { code: language }, ...(components.length > 0 ? { components } : {}) };
}

async function onlyMedia(
  ctx: TenantContext,
  { message, connection, token }: BodyInput,
): Promise<UploadedMedia> {
  const [mediaId] = message.mediaIds;
  if (!mediaId) throw new CannotSend("The message names no media.");
  return uploadedMedia(ctx, mediaId.toHexString(), connection, token);
}
