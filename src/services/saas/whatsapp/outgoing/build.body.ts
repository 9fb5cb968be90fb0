import * as z from "zod";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { type HeaderMedia, templateComponents } from "../../../../lib/whatsapp/template/fill.template";
import { readTemplateShape, type TemplateShape } from "../../../../lib/whatsapp/template/template.shape";
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
    ...contextOf(message),
    // comes back with every status: what settles a send whose answer was lost
    biz_opaque_callback_data: message._id.toHexString(),
    ...(await contentOf(ctx, input)),
  };
}

async function contentOf(ctx: TenantContext, input: BodyInput): Promise<Record<string, unknown>> {
  const { kind, text, content, replyToProviderId } = input.message;
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
      return { type: kind, [kind]: mediaObject(await onlyMedia(ctx, input), input.message) };
    case "interactive":
      return { type: "interactive", interactive: await interactiveOf(ctx, input) };
    case "location":
      return { type: "location", location: locationOf(content) };
    case "contacts":
      return { type: "contacts", contacts: content?.contacts };
    case "reaction":
      return { type: "reaction", reaction: { message_id: replyToProviderId, emoji: content?.emoji ?? "" } };
    default:
      throw new CannotSend("Messages of this kind cannot be sent.");
  }
}

/** A reaction names its message itself. */
function contextOf({ kind, replyToProviderId }: MessageRecord): Record<string, unknown> {
  const quotes = replyToProviderId !== null && kind !== "reaction";
  return quotes ? { context: { message_id: replyToProviderId } } : {};
}

function mediaObject(media: UploadedMedia, { text, content }: MessageRecord): Record<string, unknown> {
  return {
    id: media.metaMediaId,
    ...(text === null ? {} : { caption: text }),
    ...(media.kind === "document" && media.fileName !== null ? { filename: media.fileName } : {}),
    // ours is always mono Opus in Ogg: what WhatsApp shows as a voice note, unless a file is wanted
    ...(media.kind === "audio" && media.mime === "audio/ogg" && content?.voice !== false
      ? { voice: true }
      : {}),
  };
}

/** Our own row, written in Meta's form: the header's media and a flow's data are what is put in now. */
async function interactiveOf(ctx: TenantContext, input: BodyInput): Promise<Record<string, unknown>> {
  const { content, mediaIds } = input.message;
  const media = mediaIds.length > 0 ? await onlyMedia(ctx, input) : null;
  const interactive = flowDataOf(content ?? {});
  if (!media) return interactive;
  const file = media.kind === "document" && media.fileName !== null ? { filename: media.fileName } : {};
  return {
    ...interactive,
    header: { type: media.kind, [media.kind]: { id: media.metaMediaId, ...file } },
  };
}

const flowContentSchema = z.looseObject({
  action: z.looseObject({ parameters: z.looseObject({ flow_action_payload: z.string() }) }),
});

function flowDataOf(content: Record<string, unknown>): Record<string, unknown> {
  const flow = flowContentSchema.safeParse(content).data;
  if (!flow) return content;
  const { parameters } = flow.action;
  const payload: unknown = JSON.parse(parameters.flow_action_payload);
  return {
    ...content,
    action: { ...flow.action, parameters: { ...parameters, flow_action_payload: payload } },
  };
}

function locationOf(content: MessageRecord["content"]): Record<string, unknown> {
  const { latitude, longitude, name, address } = content ?? {};
  return { latitude, longitude, ...(name ? { name } : {}), ...(address ? { address } : {}) };
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
  const components = templateComponents(shape, variables, await templateMedia(ctx, input, shape));
  return { name, language: { code: language }, ...(components.length > 0 ? { components } : {}) };
}

/** Media of the header and the cards as Meta knows it, by the places' keys. */
async function templateMedia(
  ctx: TenantContext,
  { message, connection, token }: BodyInput,
  shape: TemplateShape,
): Promise<ReadonlyMap<string, HeaderMedia>> {
  const media = new Map<string, HeaderMedia>();
  const places = shape.allSlots.filter(({ type }) => mediaTypes.has(type));
  for (const [index, { key }] of places.entries()) {
    const mediaId = message.mediaIds[index];
    if (!mediaId) throw new CannotSend("The template wants other media than when the message was written.");
    const { kind, metaMediaId, fileName } = await uploadedMedia(
      ctx,
      mediaId.toHexString(),
      connection,
      token,
    );
    if (kind !== "image" && kind !== "video" && kind !== "document") continue;
    media.set(key, { kind, mediaId: metaMediaId, fileName });
  }
  return media;
}

const mediaTypes = new Set<string>(["image", "video", "document"]);

async function onlyMedia(
  ctx: TenantContext,
  { message, connection, token }: BodyInput,
): Promise<UploadedMedia> {
  const [mediaId] = message.mediaIds;
  if (!mediaId) throw new CannotSend("The message names no media.");
  return uploadedMedia(ctx, mediaId.toHexString(), connection, token);
}
