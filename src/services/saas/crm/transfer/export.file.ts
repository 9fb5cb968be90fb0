/** The file of an export: its leads as bytes, and the pieces that it lies in. */
import { createHash } from "node:crypto";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadExportRecord } from "../../../../model/saas/lead.export.schema";
import { csvBytes } from "./csv.bytes";
import { cellOf, type ExportedLead } from "./export.columns";

/** A piece of the file: which leads, and where in it they stand. */
export interface ExportPiece {
  readonly leads: AsyncIterable<ExportedLead>;
  /** CSV: the columns; null for JSON. */
  readonly columns: readonly string[] | null;
  readonly isFirst: boolean;
  /** Asked once all leads have passed. */
  readonly isLast: () => boolean;
}

export function pieceBytes(piece: ExportPiece): AsyncGenerator<Uint8Array> {
  return piece.columns ? csvBytes(csvLines(piece, piece.columns), piece.isFirst) : jsonBytes(piece);
}

async function* csvLines(
  { leads, isFirst }: ExportPiece,
  columns: readonly string[],
): AsyncGenerator<string[]> {
  if (isFirst) yield [...columns];
  for await (const lead of leads) yield columns.map((column) => cellOf(lead, column));
}

/** A list, one lead per line. */
async function* jsonBytes({ leads, isFirst, isLast }: ExportPiece): AsyncGenerator<Uint8Array> {
  let before = isFirst ? "[\n" : ",\n";
  for await (const lead of leads) {
    yield Buffer.from(before + JSON.stringify(lead));
    before = ",\n";
  }
  if (isLast()) yield Buffer.from(before === "[\n" ? "[]\n" : "\n]\n");
}

/** SHA-256 of the whole file, in hex. */
export async function hashOf(ctx: TenantContext, { parts }: LeadExportRecord): Promise<string> {
  const storage = await tenantMediaStorage(ctx.clientCode);
  const hash = createHash("sha256");
  for (const { key } of parts) for await (const chunk of storage.read(key)) hash.update(chunk);
  return hash.digest("hex");
}

/** Deletes what there is of a file. None there is no error. */
export async function dropFile(
  ctx: TenantContext,
  { _id, parts, openKey }: Pick<LeadExportRecord, "_id" | "parts" | "openKey">,
): Promise<void> {
  const { LeadExport } = await getCrmModels(ctx.clientCode);
  const storage = await tenantMediaStorage(ctx.clientCode);
  for (const { key } of parts) await storage.delete(key);
  if (openKey) await storage.delete(openKey);
  await LeadExport.updateOne({ _id }, { $set: { parts: [], openKey: null } });
}
