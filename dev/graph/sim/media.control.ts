/** `POST /_sim/media`: how a customer's photo gets to Meta before it is in a message. */
import type { Graph } from "../graph.context";
import type { Exchange } from "../http/exchange";
import { keepMedia } from "../media/keep.media";
import { SimError } from "./sim.error";

/** The raw bytes are the body; type in `content-type`, `?filename=` and `?phoneNumberId=` if wanted. */
export async function putMedia(graph: Graph, exchange: Exchange): Promise<unknown> {
  if (exchange.body.length === 0) throw new SimError("The body is empty; send the bytes of the media");
  const phoneNumberId = exchange.query.get("phoneNumberId") ?? undefined;
  if (phoneNumberId !== undefined && !graph.world.numbers.has(phoneNumberId)) {
    throw new SimError(`There is no number ${phoneNumberId}`, 404);
  }
  const media = await keepMedia(graph, {
    bytes: exchange.body,
    mimeType: exchange.headers["content-type"] ?? "application/octet-stream",
    filename: exchange.query.get("filename") ?? undefined,
    phoneNumberId,
    origin: "inbound",
  });
  return { id: media.id, mimeType: media.mimeType, sha256: media.sha256, fileSize: media.size };
}
