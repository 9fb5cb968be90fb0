import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { uploadMedia } from "../../../../lib/whatsapp/graph.client";
import type { ConnectionRecord } from "../../../../model/saas/connection.schema";
import {
  findUploadedMedia,
  openSendableMedia,
  rememberUploadedMedia,
  type SendableMedia,
} from "../../media/media.outbound.service";
import { CannotSend } from "./cannot.send";

export interface UploadedMedia extends Pick<SendableMedia, "kind" | "mime" | "fileName"> {
  readonly metaMediaId: string;
}

/** A media item as Meta knows it for this number; uploaded now if it is not there, or not for long. @throws CannotSend, GraphCallError */
export async function uploadedMedia(
  ctx: TenantContext,
  mediaId: string,
  connection: ConnectionRecord,
  token: string,
): Promise<UploadedMedia> {
  const media = await openSendableMedia(ctx, mediaId).catch((error: unknown) => {
    if (error instanceof AppError) throw new CannotSend(error.detail, { cause: error });
    throw error;
  });
  const { kind, mime, fileName } = media;
  const known = await findUploadedMedia(ctx, mediaId, connection._id);
  if (known !== null) return { kind, mime, fileName, metaMediaId: known };
  const uploaded = await uploadMedia({
    token,
    phoneNumberId: connection.phoneNumberId,
    mime,
    fileName: fileName ?? `${kind}.${mime.split("/")[1] ?? "bin"}`,
    bytes: new Blob([new Uint8Array(await media.bytes())]),
  });
  await rememberUploadedMedia(ctx, mediaId, connection._id, uploaded.mediaId);
  return { kind, mime, fileName, metaMediaId: uploaded.mediaId };
}
