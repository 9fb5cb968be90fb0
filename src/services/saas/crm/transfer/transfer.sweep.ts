import { trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { dropFile } from "./export.file";
import { enqueueExport } from "./export.service";
import { enqueueImport } from "./import.service";

/** A job that lives renews its record at least this often. */
const silentMs = 2 * 60_000;
const batch = 100;

/** Imports and exports that lost their job get one, and those that are over go with their files. */
export async function sweepTransfers(ctx: TenantContext): Promise<{ taken: number }> {
  const resumed = await resumeLost(ctx);
  return { taken: resumed + (await deleteExpired(ctx)) };
}

async function resumeLost(ctx: TenantContext): Promise<number> {
  const { LeadImport, LeadExport } = await getCrmModels(ctx.clientCode);
  const state = trusted({ $in: ["queued" as const, "running" as const] });
  const updatedAt = trusted({ $lt: new Date(ctx.now().getTime() - silentMs) });
  const imports = await LeadImport.find({ state, updatedAt }).limit(batch).lean();
  for (const record of imports) await enqueueImport(ctx, record);
  const exports = await LeadExport.find({ state, updatedAt }).limit(batch).select({ _id: 1 }).lean();
  for (const { _id } of exports) await enqueueExport(ctx, _id);
  return imports.length + exports.length;
}

async function deleteExpired(ctx: TenantContext): Promise<number> {
  const { LeadImport, LeadImportError, LeadExport } = await getCrmModels(ctx.clientCode);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const expired = { expiresAt: trusted({ $lt: ctx.now() }) };
  const imports = await LeadImport.find(expired).limit(batch).lean();
  for (const { _id, sourceKey, sourceIsMedia, errorKey } of imports) {
    // Bytes of a media item are the media item's.
    if (!sourceIsMedia) await storage.delete(sourceKey);
    if (errorKey) await storage.delete(errorKey);
    await LeadImportError.deleteMany({ importId: _id });
    await LeadImport.deleteOne({ _id });
  }
  const exports = await LeadExport.find(expired).limit(batch).lean();
  for (const record of exports) {
    await dropFile(ctx, record);
    await LeadExport.deleteOne({ _id: record._id });
  }
  return imports.length + exports.length;
}
