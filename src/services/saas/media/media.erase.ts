import type { TenantContext } from "../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";

/** Deletes every byte of a media item; its row is the caller's to delete next. None there is no error. */
export async function deleteMediaBytes(ctx: TenantContext, mediaId: string): Promise<void> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const row = await MediaAsset.findById(mediaId).lean();
  if (!row) return;
  const storage = await tenantMediaStorage(ctx.clientCode);
  const keys = [
    ...row.renditions.map(({ storageKey }) => storageKey),
    ...row.parts.map(({ storageKey }) => storageKey),
    ...row.looseKeys,
  ];
  for (const key of keys) await storage.delete(key);
}
