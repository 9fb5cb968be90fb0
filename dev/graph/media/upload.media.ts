/** `POST /{phone_number_id}/media`. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media#upload-media */
import { GraphError } from "../errors/graph.error";
import { type Answer, type Exchange, ok } from "../http/exchange";
import type { NumberCall } from "../http/node.routes";
import { keepMedia, sniff } from "./keep.media";
import { baseType, uploadLimit, uploadTypes } from "./media.rules";

/** @throws GraphError 100 for a bad form or type, 131053 for size or codec */
export async function uploadMedia({ graph, node: number, exchange }: NumberCall): Promise<Answer> {
  const form = await multipart(exchange);
  if (form.get("messaging_product") !== "whatsapp") {
    throw new GraphError(100, { message: "(#100) The parameter messaging_product is required." });
  }
  const file = form.get("file");
  if (file === null || typeof file === "string") {
    throw new GraphError(100, { message: "(#100) The parameter file is required." });
  }
  const declared = form.get("type");
  const mimeType = typeof declared === "string" && declared !== "" ? declared : file.type;
  const type = baseType(mimeType);
  if (!uploadTypes.includes(type)) {
    throw new GraphError(100, {
      message: `(#100) Param file must be a file with one of the following types: ${uploadTypes.join(", ")}. Received file of type '${type}'.`,
    });
  }
  const bytes = Buffer.from(await file.arrayBuffer());
  if (bytes.length === 0) throw new GraphError(131053, { details: "The file is empty" });
  if (bytes.length > uploadLimit(type)) {
    throw new GraphError(131053, { details: `The file has ${bytes.length} bytes, more than WhatsApp takes` });
  }
  if (type === "audio/ogg") await refuseOtherThanMonoOpus(bytes);
  const media = await keepMedia(graph, {
    bytes,
    mimeType,
    filename: file.name || undefined,
    phoneNumberId: number.id,
    origin: "upload",
  });
  return ok({ id: media.id });
}

async function multipart(exchange: Exchange): Promise<FormData> {
  const contentType = exchange.headers["content-type"] ?? "";
  if (!contentType.startsWith("multipart/form-data")) {
    throw new GraphError(100, { details: "The upload must be multipart/form-data" });
  }
  try {
    return await new Response(exchange.body, { headers: { "content-type": contentType } }).formData();
  } catch (cause) {
    throw new GraphError(100, { details: `The multipart body cannot be read: ${String(cause)}` });
  }
}

/** WhatsApp takes Ogg only as mono Opus: the channel count stands 9 bytes into the Opus head. */
async function refuseOtherThanMonoOpus(bytes: Buffer): Promise<void> {
  const head = bytes.indexOf("OpusHead");
  const isOpus = (await sniff(bytes)) === "audio/ogg; codecs=opus" && head >= 0;
  if (!isOpus) throw new GraphError(131053, { details: "audio/ogg is taken with the opus codec only" });
  if (bytes[head + 9] !== 1) throw new GraphError(131053, { details: "audio/ogg must be mono" });
}
