import * as z from "zod";
import type { InboundMedia, MessageKindMapper } from "../message.kind";

const mediaSchema = z.looseObject({
  id: z.union([z.string().min(1).max(256), z.number().transform(String)]),
  mime_type: z.string().max(256).default("application/octet-stream"),
  sha256: z.string().optional().catch(undefined),
  caption: z.string().optional().catch(undefined),
  filename: z.string().optional().catch(undefined),
  voice: z.boolean().optional().catch(undefined),
  animated: z.boolean().optional().catch(undefined),
});

function mediaKind(kind: InboundMedia["kind"]): MessageKindMapper {
  return (object) => {
    const media = mediaSchema.safeParse(object).data;
    if (!media) return undefined;
    const { id, mime_type, sha256, caption, filename, voice, animated } = media;
    const content = {
      ...(voice === undefined ? {} : { voice }),
      ...(animated === undefined ? {} : { animated }),
      ...(filename === undefined ? {} : { fileName: filename }),
    };
    return {
      kind,
      text: caption ?? null,
      content: Object.keys(content).length > 0 ? content : null,
      media: {
        kind,
        providerMediaId: id,
        mime: mime_type,
        sha256: sha256 ?? null,
        fileName: filename ?? null,
      },
    };
  };
}

export const imageKind = mediaKind("image");
export const audioKind = mediaKind("audio");
export const videoKind = mediaKind("video");
export const documentKind = mediaKind("document");
export const stickerKind = mediaKind("sticker");
