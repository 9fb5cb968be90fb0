/**
 * Files of leads that came in or went out in the last days. One that names a person is deleted whole: a file with a
 * hole in it is not the file that somebody sent or asked for.
 */
import type { TenantContext } from "../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../lib/media/storage/gridfs.storage";
import { MediaBytesMissingError } from "../../../lib/media/storage/media.storage";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadExportRecord } from "../../../model/saas/lead.export.schema";
import type { LeadImportRecord } from "../../../model/saas/lead.import.schema";
import { dropFile } from "../crm/transfer/export.file";
import { ImportFailure } from "../crm/transfer/import.failure";
import { readRows } from "../crm/transfer/import.reader";
import { deleteMediaBytes } from "../media/media.erase";
import type { Person } from "./person";
import { type IsNamed, namesOf } from "./person.names";

const failure = {
  code: "person-erased",
  detail: "It held a person who was erased since. Make it again without them.",
};
const telling = new Set(["id", "phone", "email"]);
const over = ["done", "failed", "cancelled"];

export interface ErasedFiles {
  readonly leadImports: number;
  readonly leadImportErrors: number;
  readonly leadExports: number;
}

/** Deletes what names the person, file by file; safe to repeat. @param beat is told before each file. */
export async function eraseFromFiles(
  ctx: TenantContext,
  person: Person,
  beat: () => Promise<void>,
): Promise<ErasedFiles> {
  const models = await getCrmModels(ctx.clientCode);
  const isNamed = namesOf(person);
  const erased = { leadImports: 0, leadImportErrors: 0, leadExports: 0 };
  for await (const record of models.LeadImport.find({}).lean().cursor()) {
    await beat();
    erased.leadImportErrors += await eraseRefusedRows(models, record, isNamed);
    if (await importNames(ctx, record, isNamed)) {
      await dropImport(ctx, models, record);
      erased.leadImports += 1;
    }
  }
  for await (const record of models.LeadExport.find({}).lean().cursor()) {
    await beat();
    const mayName = record.openKey !== null || cannotTell(record, person);
    if (!mayName && !(await exportNames(ctx, record, isNamed))) continue;
    await dropExport(ctx, models, record);
    erased.leadExports += 1;
  }
  return erased;
}

async function eraseRefusedRows(
  { LeadImportError }: CrmModels,
  { _id: importId }: LeadImportRecord,
  isNamed: IsNamed,
): Promise<number> {
  let went = 0;
  for await (const { _id, cells } of LeadImportError.find({ importId }).lean().cursor()) {
    if (!cells.some(([, value]) => isNamed(value))) continue;
    await LeadImportError.deleteOne({ _id });
    went += 1;
  }
  return went;
}

async function importNames(
  ctx: TenantContext,
  { sourceKey, errorKey, format, settings, samples }: LeadImportRecord,
  isNamed: IsNamed,
): Promise<boolean> {
  if (isNamed(samples)) return true;
  const { delimiter } = settings;
  return (
    (await fileNames(ctx, [sourceKey], { format, delimiter }, isNamed)) ||
    (errorKey !== null && (await fileNames(ctx, [errorKey], { format: "csv", delimiter: "," }, isNamed)))
  );
}

/** Made since the person was known, and without a column that would tell whether they are in it. */
function cannotTell({ parts, fileColumns, format, createdAt }: LeadExportRecord, person: Person): boolean {
  const tells = format === "json" || fileColumns?.some((column) => telling.has(column));
  const isKnown = person.leadIds.some((id) => id.getTimestamp() <= createdAt);
  return parts.length > 0 && !tells && isKnown;
}

function exportNames(
  ctx: TenantContext,
  { parts, format }: LeadExportRecord,
  isNamed: IsNamed,
): Promise<boolean> {
  const keys = parts.map(({ key }) => key);
  return keys.length === 0
    ? Promise.resolve(false)
    : fileNames(ctx, keys, { format, delimiter: "," }, isNamed);
}

/** Whether a file names the person. One that cannot be read was of use to nobody: it goes as well. */
async function fileNames(
  ctx: TenantContext,
  keys: readonly string[],
  options: { format: "csv" | "json"; delimiter: string | null },
  isNamed: IsNamed,
): Promise<boolean> {
  const storage = await tenantMediaStorage(ctx.clientCode);
  async function* bytes() {
    for (const key of keys) yield* storage.read(key);
  }
  try {
    for await (const { cells } of readRows(bytes(), options, () => undefined))
      for (const value of cells.values()) if (isNamed(value)) return true;
    return false;
  } catch (error) {
    if (error instanceof MediaBytesMissingError) return false;
    if (error instanceof ImportFailure) return error.code !== "empty-file";
    throw error;
  }
}

/** One that is being written begins anew, without the person; whoever writes it finds it taken. */
async function dropExport(
  ctx: TenantContext,
  { LeadExport }: CrmModels,
  record: LeadExportRecord,
): Promise<void> {
  const { _id, state } = record;
  await dropFile(ctx, record);
  const anew = { rows: 0, progress: 0, after: null };
  const gone = { state: "failed" as const, failure, bytes: null, sha256: null };
  await LeadExport.updateOne({ _id }, { $set: state === "done" ? gone : anew, $inc: { version: 1 } });
}

/** The file goes; what it did stays, and an import that was not done ends. */
async function dropImport(
  ctx: TenantContext,
  { LeadImport, MediaAsset }: CrmModels,
  { _id, state, sourceKey, sourceIsMedia, errorKey }: LeadImportRecord,
): Promise<void> {
  const storage = await tenantMediaStorage(ctx.clientCode);
  const asset = sourceIsMedia
    ? await MediaAsset.findOne({ "renditions.storageKey": sourceKey }).lean()
    : null;
  if (asset) {
    await deleteMediaBytes(ctx, asset._id.toHexString());
    await MediaAsset.deleteOne({ _id: asset._id });
  }
  for (const key of [sourceKey, errorKey]) if (key) await storage.delete(key);
  const ended = over.includes(state) ? {} : { state: "failed" as const, failure, endedAt: ctx.now() };
  await LeadImport.updateOne(
    { _id },
    { $set: { samples: [], errorKey: null, errorBytes: null, ...ended }, $inc: { version: 1 } },
  );
}
