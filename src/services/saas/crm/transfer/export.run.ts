/**
 * The job of an export: leads stream from a cursor into a file. Small against an import, so it is done in one go; a
 * crash begins anew, and what it left is deleted.
 */
import { Types } from "mongoose";
import * as z from "zod";
import { conditionSchema } from "../../../../contracts/condition.contract";
import { listLeadsQuery } from "../../../../contracts/lead.search.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { commitChange } from "../../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadExportRecord } from "../../../../model/saas/lead.export.schema";
import { leadFilter } from "../lead.list";
import { conditionFilter } from "../lead.search";
import { toLead } from "../lead.serialiser";
import { csvBytes } from "./csv.bytes";
import { allColumns, cellOf, stageKeys } from "./export.columns";
import { slicesOf } from "./slices";

const beatRows = 1_000;
const maxTries = 5;

/** The export was cancelled: what was written of it goes. */
class ExportCancelled extends Error {
  override readonly name = "ExportCancelled";
}

export interface ExportJob {
  readonly signal: AbortSignal;
  progress(fraction: number): Promise<void>;
}

/** Writes the file of an export, unless it stopped too often. */
export async function runExport(ctx: TenantContext, exportId: string, job: ExportJob): Promise<void> {
  const models = await getCrmModels(ctx.clientCode);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const record = await begin(ctx, models, exportId);
  if (!record) return;
  if (record.tries > maxTries) {
    const failure = {
      code: "gave-up",
      detail: `It stopped ${maxTries} times. Ask for help with this export's id.`,
    };
    await end(ctx, record, { state: "failed", failure });
    ctx.logger.error("An export stopped too often; it is given up.", { exportId });
    return;
  }
  if (record.storageKey) await storage.delete(record.storageKey);
  const storageKey = storage.newKey();
  await models.LeadExport.updateOne({ _id: record._id }, { $set: { storageKey, rows: 0 } });
  try {
    const written = { rows: 0 };
    const { size, sha256 } = await storage.write(storageKey, fileOf(ctx, models, record, job, written));
    await end(ctx, record, { state: "done", bytes: size, sha256, rows: written.rows, progress: 1 });
  } catch (error) {
    if (!(error instanceof ExportCancelled)) throw error;
  }
}

async function begin(
  ctx: TenantContext,
  { LeadExport }: CrmModels,
  exportId: string,
): Promise<LeadExportRecord | null> {
  const now = ctx.now();
  const _id = new Types.ObjectId(exportId);
  await LeadExport.updateOne({ _id, state: "queued" }, { $set: { state: "running", startedAt: now } });
  return LeadExport.findOneAndUpdate(
    { _id, state: "running" },
    { $inc: { tries: 1 }, $set: { updatedAt: now } },
  ).lean();
}

async function* fileOf(
  ctx: TenantContext,
  models: CrmModels,
  record: LeadExportRecord,
  job: ExportJob,
  written: { rows: number },
): AsyncGenerator<Uint8Array> {
  const stages = await stageKeys(models);
  // As it came over the API: the parse that made it is done again, since the record is only stored text.
  const { condition, ...query } = record.filter;
  const filter = await leadFilter(models, z.strictObject(listLeadsQuery.shape).parse(query));
  const wanted = conditionSchema.optional().parse(condition);
  if (wanted)
    filter.$and = [...(filter.$and ?? []), await conditionFilter(ctx, models, wanted, "/filter/condition")];
  const total = await models.Lead.countDocuments(filter);
  const cursor = models.Lead.find(filter)
    .sort({ createdAt: 1, _id: 1 })
    .lean()
    .cursor({ batchSize: beatRows });

  async function* leads() {
    for await (const slice of slicesOf(cursor, beatRows)) {
      await beat(ctx, models, record, job, written.rows, total);
      for (const lead of slice) {
        written.rows += 1;
        yield { ...toLead(lead), ...stages.get(lead.stageId?.toHexString() ?? "") };
      }
    }
  }

  if (record.format === "json") {
    yield* jsonBytes(leads());
    return;
  }
  const columns = record.columns ?? (await allColumns(models));
  async function* lines(): AsyncGenerator<string[]> {
    yield columns;
    for await (const lead of leads()) yield columns.map((column) => cellOf(lead, column));
  }
  yield* csvBytes(lines());
}

/** @throws ExportCancelled */
async function beat(
  ctx: TenantContext,
  { LeadExport }: CrmModels,
  { _id }: LeadExportRecord,
  job: ExportJob,
  rows: number,
  total: number,
): Promise<void> {
  job.signal.throwIfAborted();
  const progress = Math.min(0.99, rows / Math.max(1, total));
  const { matchedCount } = await LeadExport.updateOne(
    { _id, state: "running" },
    { $set: { rows, progress, updatedAt: ctx.now() } },
  );
  if (matchedCount === 0) throw new ExportCancelled();
  await job.progress(progress);
}

/** A list, one lead per line. */
async function* jsonBytes(leads: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  let before = "[\n";
  for await (const lead of leads) {
    yield Buffer.from(before + JSON.stringify(lead));
    before = ",\n";
  }
  yield Buffer.from(before === "[\n" ? "[]\n" : "\n]\n");
}

async function end(
  ctx: TenantContext,
  { _id }: LeadExportRecord,
  fields: Partial<LeadExportRecord> & Pick<LeadExportRecord, "state">,
): Promise<void> {
  await commitChange(ctx, async (change) => {
    const { matchedCount } = await change.models.LeadExport.updateOne(
      { _id, state: "running" },
      { $set: { ...fields, endedAt: change.now, updatedAt: change.now }, $inc: { version: 1 } },
      { session: change.session },
    );
    if (matchedCount === 0) return;
    const subject = { exportId: _id.toHexString() };
    change.record({ type: "export_finished", subject, data: { state: fields.state } });
  });
}
