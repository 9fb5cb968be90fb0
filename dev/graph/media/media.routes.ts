/** Look-up, deletion and download of media. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { mayReach, tokenOf } from "../auth";
import { unknownObject } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { type Answer, type Exchange, ok } from "../http/exchange";
import type { NodeCall } from "../http/node.routes";
import type { Media } from "../state/world";

/** Meta serves media from another host; ours is the same server under this path. */
export const downloadPath = "/whatsapp_business/attachments/";

/** `GET /{media_id}?phone_number_id=`: a link that lives five minutes. */
export function lookUpMedia({ graph, node: media, exchange }: NodeCall<Media>): Answer {
  refuseExpired(graph, media, exchange);
  const asked = exchange.query.get("phone_number_id");
  if (asked !== null && asked !== media.phoneNumberId) throw unknownObject(exchange.method, media.id);
  return ok({
    messaging_product: "whatsapp",
    url: downloadLink(graph, media),
    mime_type: media.mimeType,
    sha256: media.sha256,
    file_size: media.size,
    id: media.id,
  });
}

/** `DELETE /{media_id}` */
export async function deleteMedia({ graph, node: media }: NodeCall<Media>): Promise<Answer> {
  graph.world.media.delete(media.id);
  await graph.media.remove(media.id);
  return ok({ success: true });
}

/** A fresh signed link to the bytes. */
export function downloadLink(graph: Graph, media: Media): string {
  const expires = graph.clock.nowSeconds() + graph.world.settings.mediaLinkSeconds;
  const query = new URLSearchParams({
    mid: media.id,
    ext: String(expires),
    hash: linkHash(graph, media.id, expires),
  });
  return `${graph.address()}${downloadPath}?${query.toString()}`;
}

/**
 * Serves the bytes of a link: bearer needed, 404 once it has expired or when anything in it was changed.
 */
export async function downloadMedia(graph: Graph, exchange: Exchange): Promise<Answer> {
  const token = tokenOf(graph.world, exchange);
  const id = exchange.query.get("mid") ?? "";
  const expires = Number(exchange.query.get("ext"));
  const media = graph.world.media.get(id);
  const gone: Answer = { status: 404, bytes: Buffer.alloc(0) };
  if (!media || !mayReach(graph.world, token, media)) return gone;
  const given = Buffer.from(exchange.query.get("hash") ?? "");
  const right = Buffer.from(linkHash(graph, id, expires));
  if (given.length !== right.length || !timingSafeEqual(given, right)) return gone;
  if (expires <= graph.clock.nowSeconds()) return gone;
  const bytes = await graph.media.get(id);
  return bytes ? { status: 200, headers: { "content-type": media.mimeType }, bytes } : gone;
}

function refuseExpired(graph: Graph, media: Media, exchange: Exchange): void {
  if (media.expiresAtMs <= graph.clock.nowMs()) throw unknownObject(exchange.method, media.id);
}

function linkHash(graph: Graph, id: string, expires: number): string {
  return createHmac("sha256", graph.world.app.secret).update(`${id}:${expires}`).digest("base64url");
}
