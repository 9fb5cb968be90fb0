/**
 * The job of an import. It reads the file as a stream and does it slice by slice: each slice is one change with its
 * events, and how far the import is stands in the same transaction, so that a crash repeats nothing. After some
 * seconds it goes back to the queue, so that a large file fits any host and other work gets its turn.
 */
import { setImmediate } from "node:timers/promises";
import { Types } from "mongoose";
import { maxImportRows } from "../../../../contracts/transfer.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { MediaBytesMissingError } from "../../../../lib/media/storage/media.storage";
import { commitChange } from "../../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadImportRecord } from "../../../../model/saas/lead.import.schema";
import { readSettings } from "../settings.read";
import { activeUserKeys } from "../user.read";
import { writeErrorFile } from "./import.error.file";
import { ImportFailure, ImportTaken } from "./import.failure";
import { ColumnMapping } from "./import.mapping";
import { type RawRow, readRows } from "./import.reader";
import { type PreparedRow, prepareRow, type RowReader } from "./import.row";
import { doSlice, plannedSlices } from "./import.slice";
import { ahead, slicesOf } from "./slices";

/** Rows of one change: large enough that the transaction's own cost is spread, small enough that others wait little. */
const sliceRows = 500;
/** Rows read without letting anything else of the process in between: some ms. */
const rowsInOneGo = 25;
const turnMs = 15_000;
const maxTries = 5;

export interface ImportJob {
  readonly signal: AbortSignal;
  progress(fraction: number): Promise<void>;
}

/**
 * Goes on with an import for some seconds.
 * @returns whether it is over; false while there is more to do.
 */
export async function runImport(ctx: TenantContext, importId: string, job: ImportJob): Promise<boolean> {
  const record = await begin(ctx, importId);
  if (!record) return true;
  try {
    if (!(await goOn(ctx, record, job))) return false;
    await finish(ctx, importId);
  } catch (error) {
    if (error instanceof ImportTaken) return true;
    const failure = failureOf(error);
    if (!failure) throw error;
    // The file is at fault, not the job: whoever sent it is told, the platform is not woken.
    await end(ctx, importId, { state: "failed", failure });
    ctx.logger.info("An import was refused.", { importId, code: failure.code });
  }
  return true;
}

/** Takes the import up; null when there is nothing to do any more. */
async function begin(ctx: TenantContext, importId: string): Promise<LeadImportRecord | null> {
  const { LeadImport } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const _id = new Types.ObjectId(importId);
  await LeadImport.updateOne(
    { _id, state: "queued" },
    { $set: { state: "running", startedAt: now, updatedAt: now } },
  );
  const record = await LeadImport.findOneAndUpdate(
    { _id, state: "running" },
    { $inc: { tries: 1 }, $set: { updatedAt: now } },
    { returnDocument: "after" },
  ).lean();
  if (!record || record.tries <= maxTries) return record;
  const detail = `It stopped ${maxTries} times behind row ${record.row}. Look at the rows after it, or ask for help with this import's id.`;
  await end(ctx, importId, { state: "failed", failure: { code: "gave-up", detail } });
  return null;
}

/** @returns whether the file is through; false when the turn is over. */
async function goOn(ctx: TenantContext, record: LeadImportRecord, job: ImportJob): Promise<boolean> {
  const models = await getCrmModels(ctx.clientCode);
  const reader = await rowReader(ctx, models, record);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const began = performance.now();
  let read = 0;
  let at = record;
  const rows = readRows(
    storage.read(record.sourceKey),
    { format: record.format, delimiter: record.settings.delimiter },
    (bytes) => {
      read = bytes;
    },
  );
  const head = { columns: record.columns, complete: record.format === "csv" };
  const ready = prepared(slicesOf(rows, sliceRows), reader, head);
  for await (const slice of ahead(plannedSlices(ctx, record, ready))) {
    if (slice.plan.rows.length + at.row > maxImportRows)
      throw new ImportFailure("too-many-rows", `A file has at most ${maxImportRows} rows. Split it.`);
    const progress = Math.min(0.99, read / Math.max(1, record.sourceBytes));
    at = await doSlice(ctx, { ...at, columns: head.columns, progress }, slice);
    await job.progress(at.progress);
    if (job.signal.aborted || performance.now() - began > turnMs) return false;
  }
  return true;
}

/** Rows ready to be planned. The columns are mapped by the first of them. */
async function* prepared(
  slices: AsyncIterable<RawRow[]>,
  reader: RowReader,
  head: { columns: LeadImportRecord["columns"]; readonly complete: boolean },
): AsyncGenerator<PreparedRow[]> {
  for await (const slice of slices) {
    const names = new Set(slice.flatMap(({ cells }) => [...cells.keys()]));
    head.columns ??= reader.mapping.mapAll([...names], head.complete);
    const rows: PreparedRow[] = [];
    for (const raw of slice) {
      // In between the database's answers come in, so that it works on the slice before while this one is read.
      if (rows.length % rowsInOneGo === 0) await setImmediate();
      rows.push(await prepareRow(raw, reader));
    }
    yield rows;
  }
}

async function rowReader(
  ctx: TenantContext,
  models: CrmModels,
  { settings, columns }: LeadImportRecord,
): Promise<RowReader> {
  const { defaultCountry, currency } = await readSettings(models);
  const fields = await models.CustomField.find({}).lean();
  // Once known, the columns go where they went: also after a crash, and whatever comes further down.
  const known = columns ? Object.fromEntries(columns.map(({ column, target }) => [column, target])) : {};
  return {
    mapping: new ColumnMapping({ ...settings.mapping, ...known }),
    cells: {
      decimalComma: settings.decimalComma,
      customTypes: new Map(fields.map(({ key, type }) => [key, type])),
    },
    defaultCountry: settings.defaultCountry ?? defaultCountry,
    currency,
    customFields: new Map(fields.map((field) => [field.key, field])),
    people: new Set(await activeUserKeys(ctx)),
  };
}

async function finish(ctx: TenantContext, importId: string): Promise<void> {
  const { LeadImport } = await getCrmModels(ctx.clientCode);
  const record = await LeadImport.findOne({ _id: new Types.ObjectId(importId), state: "running" }).lean();
  if (!record) throw new ImportTaken();
  if (record.counts.rows === 0) throw new ImportFailure("empty-file", "The file has no rows.");
  const errors = record.counts.failed > 0 ? await writeErrorFile(ctx, record) : {};
  await end(ctx, importId, {
    ...errors,
    state: record.mode === "preview" ? "previewed" : "done",
    progress: 1,
    failure: null,
  });
}

/** Ends an import that is still running, and tells of it. */
async function end(
  ctx: TenantContext,
  importId: string,
  fields: Partial<LeadImportRecord> & Pick<LeadImportRecord, "state">,
): Promise<void> {
  await commitChange(ctx, async (change) => {
    const { matchedCount } = await change.models.LeadImport.updateOne(
      { _id: new Types.ObjectId(importId), state: "running" },
      { $set: { ...fields, endedAt: change.now, updatedAt: change.now }, $inc: { version: 1 } },
      { session: change.session },
    );
    if (matchedCount === 0) return;
    change.record({ type: "import_finished", subject: { importId }, data: { state: fields.state } });
  });
}

function failureOf(error: unknown): { code: string; detail: string } | null {
  if (error instanceof ImportFailure) return { code: error.code, detail: error.detail };
  if (error instanceof MediaBytesMissingError)
    return { code: "file-missing", detail: "The file is not there any more. Send it again." };
  return null;
}
