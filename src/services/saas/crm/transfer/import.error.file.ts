import type { TenantContext } from "../../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadImportRecord } from "../../../../model/saas/lead.import.schema";
import { csvBytes } from "./csv.bytes";

/**
 * Writes the refused rows as CSV: their place, what is wrong with each, and their own columns, so that they can be
 * corrected and imported again. The key is noted before the bytes are written.
 */
export async function writeErrorFile(
  ctx: TenantContext,
  record: LeadImportRecord,
): Promise<Pick<LeadImportRecord, "errorKey" | "errorBytes">> {
  const { LeadImport, LeadImportError } = await getCrmModels(ctx.clientCode);
  const storage = await tenantMediaStorage(ctx.clientCode);
  if (record.errorKey) await storage.delete(record.errorKey);
  const errorKey = storage.newKey();
  await LeadImport.updateOne({ _id: record._id }, { $set: { errorKey } });
  const columns = (record.columns ?? []).map(({ column }) => column);
  async function* lines(): AsyncGenerator<string[]> {
    yield ["_row", "_errors", ...columns];
    for await (const { row, problems, cells } of LeadImportError.find({ importId: record._id })
      .sort({ row: 1 })
      .lean()
      .cursor({ batchSize: 500 })) {
      const told = problems.map(({ column, detail }) => (column ? `${column}: ${detail}` : detail)).join(" ");
      const named = new Map(cells);
      yield [String(row), told, ...columns.map((column) => cellText(named.get(column)))];
    }
  }
  const { size } = await storage.write(errorKey, csvBytes(lines()));
  return { errorKey, errorBytes: size };
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
