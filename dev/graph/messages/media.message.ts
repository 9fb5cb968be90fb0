/** Image, video, audio, document and sticker: by uploaded id or by link. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import { isRecord } from "../http/exchange";
import { fetchLinked } from "../media/linked.media";
import { baseType, bytesMatch, kindLimits, type MediaKind } from "../media/media.rules";
import { limitedText, parseParameter } from "./parameter";
import type { Accepted, MessageCheck, SendContext } from "./send.context";

const byIdOrLink = { id: z.string().min(1).optional(), link: z.string().min(1).optional() };

const schemas: Readonly<
  Record<MediaKind, z.ZodType<{ id?: string | undefined; link?: string | undefined }>>
> = {
  image: z.strictObject({ ...byIdOrLink, caption: limitedText(1024, 0).optional() }),
  video: z.strictObject({ ...byIdOrLink, caption: limitedText(1024, 0).optional() }),
  document: z.strictObject({
    ...byIdOrLink,
    caption: limitedText(1024, 0).optional(),
    filename: limitedText(240).optional(),
  }),
  audio: z.strictObject({ ...byIdOrLink, voice: z.boolean().optional() }),
  sticker: z.strictObject(byIdOrLink),
};

/** The check of a whole media message of one kind. */
export function checkMedia(kind: MediaKind): MessageCheck {
  return async (content, context) => {
    const reference = parseParameter(schemas[kind], content, kind);
    const voice = isRecord(content) && content.voice === true;
    return { failsWith: await mediaFailure(kind, reference, voice, context) };
  };
}

/**
 * Checks a media reference wherever one may stand (messages, headers of templates and of interactive messages).
 * @returns the failure Meta reports later, when it looks at the bytes
 * @throws GraphError 131009 for an id this number does not have, 100 / 131008 for a bad reference
 */
export async function mediaFailure(
  kind: MediaKind,
  reference: { id?: string | undefined; link?: string | undefined },
  voice: boolean,
  context: SendContext,
): Promise<Accepted["failsWith"]> {
  const { id, link } = reference;
  if (id === undefined && link === undefined) {
    throw new GraphError(131008, { details: `Parameter '${kind}' needs one of 'id' or 'link'.` });
  }
  if (id !== undefined && link !== undefined) {
    throw new GraphError(100, { details: `Param ${kind} must have 'id' or 'link', not both` });
  }
  if (id !== undefined) return uploadedFailure(kind, id, voice, context);
  if (link === undefined || !isPublicLink(link)) {
    throw new GraphError(131009, { details: `Param ${kind}['link'] is not a valid URL` });
  }
  return context.graph.world.settings.fetchLinks ? fetchLinked(kind, link) : undefined;
}

function uploadedFailure(
  kind: MediaKind,
  id: string,
  voice: boolean,
  { graph, number }: SendContext,
): Accepted["failsWith"] {
  const media = graph.world.media.get(id);
  const owner = media?.phoneNumberId === undefined ? undefined : graph.world.numbers.get(media.phoneNumberId);
  if (!media || owner?.wabaId !== number.wabaId || media.expiresAtMs <= graph.clock.nowMs()) {
    throw new GraphError(131009, { details: `Media ID ${id} does not exist for this phone number` });
  }
  const type = baseType(media.mimeType);
  if (!kindLimits[kind].types.includes(type)) {
    return { code: 131053, details: `Unsupported ${kind} mime type ${type}` };
  }
  if (media.size > kindLimits[kind].bytes) {
    return { code: 131053, details: `The ${kind} has ${media.size} bytes, more than WhatsApp takes` };
  }
  if (voice && type !== "audio/ogg") {
    return { code: 131053, details: "A voice message must be audio/ogg with the opus codec" };
  }
  if (graph.world.settings.checkMediaBytes && !bytesMatch(media)) {
    const found = media.sniffedType ?? "application/octet-stream";
    return {
      code: 131053,
      details: `File uploaded with mimetype as ${type}, however on processing it is of type ${found}`,
    };
  }
  return undefined;
}

/** HTTPS, as Meta asks; plain HTTP only on this machine, where there are no certificates. */
function isPublicLink(link: string): boolean {
  if (!URL.canParse(link)) return false;
  const url = new URL(link);
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && ["127.0.0.1", "localhost"].includes(url.hostname))
  );
}
