/** The part of an inbound message that stands under its type's key. Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages */
import type { Graph } from "../graph.context";
import { keepMedia, mediaLifeMs } from "../media/keep.media";
import { downloadLink } from "../media/media.routes";
import type { Media } from "../state/world";
import type { InboundControl } from "./inbound.schema";
import { SimError } from "./sim.error";

const mediaTypes: Readonly<Record<string, string>> = {
  image: "image/jpeg",
  video: "video/mp4",
  audio: "audio/ogg; codecs=opus",
  voice: "audio/ogg; codecs=opus",
  document: "application/pdf",
  sticker: "image/webp",
};

/** Types that have nothing under their key. */
const bareTypes = ["request_welcome", "unsupported", "unknown"];

/** @returns undefined for types without content. @throws SimError when the control lacks what the type needs */
export async function inboundContent(
  graph: Graph,
  control: InboundControl,
): Promise<{ content: unknown; mediaId?: string }> {
  if (control.content !== undefined) return { content: control.content };
  if (Object.hasOwn(mediaTypes, control.type)) return mediaContent(graph, control);
  switch (control.type) {
    case "text":
      return { content: { body: needed(control.text, "text", control.type) } };
    case "location":
      return {
        content: {
          latitude: needed(control.latitude, "latitude", control.type),
          longitude: needed(control.longitude, "longitude", control.type),
          name: control.locationName,
          address: control.address,
        },
      };
    case "contacts":
      return { content: needed(control.contacts, "contacts", control.type) };
    case "button": {
      const text = needed(control.text, "text", control.type);
      return { content: { payload: control.payload ?? text, text } };
    }
    case "interactive": {
      const { kind, ...reply } = needed(control.reply, "reply (or content)", control.type);
      return { content: { type: `${kind}_reply`, [`${kind}_reply`]: reply } };
    }
    case "reaction": {
      const { messageId, emoji } = needed(control.reaction, "reaction", control.type);
      return { content: { message_id: messageId, emoji } };
    }
    default:
      if (bareTypes.includes(control.type)) return { content: undefined };
      throw new SimError(`Type ${control.type} needs content: what Meta puts under "${control.type}"`);
  }
}

async function mediaContent(
  graph: Graph,
  control: InboundControl,
): Promise<{ content: unknown; mediaId?: string }> {
  if (control.errors) return { content: { mime_type: control.mimeType ?? mediaTypes[control.type] } };
  const media = await mediaOf(graph, control);
  media.phoneNumberId = control.phoneNumberId;
  const { mediaUrlInWebhook } = graph.world.settings;
  return {
    mediaId: media.id,
    content: {
      id: media.id,
      mime_type: media.mimeType,
      sha256: Buffer.from(media.sha256, "hex").toString("base64"),
      ...(mediaUrlInWebhook ? { url: downloadLink(graph, media) } : {}),
      caption: control.caption,
      filename: control.type === "document" ? (control.filename ?? media.filename) : undefined,
      voice: control.type === "audio" ? (control.voice ?? false) : undefined,
      animated: control.type === "sticker" ? (control.animated ?? false) : undefined,
    },
  };
}

async function mediaOf(graph: Graph, control: InboundControl): Promise<Media> {
  if (control.mediaBase64 !== undefined) {
    return keepMedia(graph, {
      bytes: Buffer.from(control.mediaBase64, "base64"),
      mimeType: control.mimeType ?? mediaTypes[control.type] ?? "application/octet-stream",
      filename: control.filename,
      phoneNumberId: control.phoneNumberId,
      origin: "inbound",
    });
  }
  const id = needed(control.mediaId, "mediaId or mediaBase64", control.type);
  const media = graph.world.media.get(id);
  if (!media) throw new SimError(`There is no media ${id}. Put it here first with POST /_sim/media`, 404);
  if (control.mimeType !== undefined) media.mimeType = control.mimeType;
  media.expiresAtMs = Math.min(media.expiresAtMs, graph.clock.nowMs() + mediaLifeMs.inbound);
  return media;
}

function needed<Value>(value: Value | undefined, name: string, type: string): Value {
  if (value === undefined) throw new SimError(`Type ${type} needs ${name}`);
  return value;
}
