/** Takes bytes in: what they are, their hash, their id. */
import { createHash } from "node:crypto";
import type { Graph } from "../graph.context";
import { newObjectId } from "../state/identifiers";
import type { Media } from "../state/world";

const dayMs = 24 * 3_600_000;
/** Uploads live 30 days, what customers send 7. */
export const mediaLifeMs = { upload: 30 * dayMs, inbound: 7 * dayMs };

interface KeepMediaOptions {
  bytes: Buffer;
  mimeType: string;
  filename?: string | undefined;
  phoneNumberId?: string | undefined;
  origin: keyof typeof mediaLifeMs;
}

export async function keepMedia(graph: Graph, options: KeepMediaOptions): Promise<Media> {
  const media: Media = {
    kind: "media",
    id: newObjectId(),
    phoneNumberId: options.phoneNumberId,
    mimeType: options.mimeType,
    sniffedType: await sniff(options.bytes),
    sha256: createHash("sha256").update(options.bytes).digest("hex"),
    size: options.bytes.length,
    filename: options.filename,
    expiresAtMs: graph.clock.nowMs() + mediaLifeMs[options.origin],
  };
  await graph.media.put(media.id, options.bytes);
  graph.world.media.set(media.id, media);
  return media;
}

/** The type by signature, or undefined when there is none (plain text, garbage). */
export async function sniff(bytes: Buffer): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await import("file-type");
  return (await fileTypeFromBuffer(bytes))?.mime;
}
