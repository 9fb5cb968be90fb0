/**
 * The job of an export: leads stream from a cursor into the file, piece by piece. A piece that is written stands with
 * the place it ends at, so that a crash repeats one piece at most. After some seconds the job goes back to the queue.
 */
import { type QueryFilter, Types, trusted } from "mongoose";
import * as z from "zod";
import { conditionSchema } from "../../../../contracts/condition.contract";
import { listLeadsQuery } from "../../../../contracts/lead.search.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { commitChange } from "../../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { LeadExportRecord } from "../../../../model/saas/lead.export.schema";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { leadFilter } from "../lead.list";
import { conditionFilter } from "../lead.search";
import { toLead } from "../lead.serialiser";
import { allColumns, type ExportedLead, stageKeys } from "./export.columns";
import { dropFile, hashOf, pieceBytes } from "./export.file";
import { slicesOf } from "./slices";

const pieceRows = 10_000;
const beatRows = 1_000;
const turnMs = 15_000;
const maxTries = 5;

/** The export was cancelled, or somebody else goes on with it: stop without a trace. */
class ExportTaken extends Error {
  override readonly name = "ExportTaken";
}

export interface ExportJob {
  readonly signal: AbortSignal;
  progress(fraction: number): Promise<void>;
}

/**
 * Goes on with an export for some seconds.
 * @param rowsOfPiece leads of one piece; tests take few.
 * @returns whether it is over; false while there is more to do.
 */
export async function runExport(
  ctx: TenantContext,
  exportId: string,
  job: ExportJob,
  rowsOfPiece = pieceRows,
): Promise<boolean> {
  const record = await begin(ctx, exportId);
  if (!record) return true;
  try {
    const at = await goOn(ctx, record, job, rowsOfPiece);
    if (!at) return false;
    const bytes = at.parts.reduce((sum, part) => sum + part.bytes, 0);
    await end(ctx, at, { state: "done", bytes, sha256: await hashOf(ctx, at), progress: 1 });
  } catch (error) {
    if (!(error instanceof ExportTaken)) throw error;
  }
  return true;
}

/** Takes the export up; null when there is nothing to do any more. */
async function begin(ctx: TenantContext, exportId: string): Promise<LeadExportRecord | null> {
  const models = await getCrmModels(ctx.clientCode);
  const { LeadExport } = models;
  const now = ctx.now();
  const _id = new Types.ObjectId(exportId);
  await LeadExport.updateOne({ _id, state: "queued" }, { $set: { state: "running", startedAt: now } });
  const record = await LeadExport.findOneAndUpdate(
    { _id, state: "running" },
    { $inc: { tries: 1 }, $set: { updatedAt: now } },
    { returnDocument: "after" },
  ).lean();
  if (!record) return null;
  if (record.tries > maxTries) {
    const detail = `It stopped ${maxTries} times. Ask for help with this export's id.`;
    await end(ctx, record, { state: "failed", failure: { code: "gave-up", detail } });
    await dropFile(ctx, record);
    ctx.logger.error("An export stopped too often; it is given up.", { exportId });
    return null;
  }
  if (record.fileColumns) return record;
  const first = {
    fileColumns: record.columns ?? (await allColumns(models)),
    total: await models.Lead.countDocuments(await filterOf(ctx, models, record)),
  };
  await LeadExport.updateOne({ _id }, { $set: first });
  return { ...record, ...first };
}

/** @returns the export with its whole file; null when the turn is over before. */
async function goOn(
  ctx: TenantContext,
  record: LeadExportRecord,
  job: ExportJob,
  rowsOfPiece: number,
): Promise<LeadExportRecord | null> {
  const models = await getCrmModels(ctx.clientCode);
  const filter = await filterOf(ctx, models, record);
  const stages = await stageKeys(models);
  const began = performance.now();
  let at = record;
  for (;;) {
    const leads = models.Lead.find({ $and: [filter, behind(at.after)] })
      .select({ search: 0 })
      .sort({ createdAt: 1, _id: 1 })
      .limit(rowsOfPiece)
      .lean()
      .cursor({ batchSize: beatRows });
    const before = at.rows;
    at = await writePiece(ctx, at, job, { leads, stages, rowsOfPiece });
    if (at.rows - before < rowsOfPiece) return at;
    if (job.signal.aborted || performance.now() - began > turnMs) return null;
  }
}

interface PieceSource {
  readonly leads: AsyncIterable<LeadRecord>;
  readonly stages: Awaited<ReturnType<typeof stageKeys>>;
  readonly rowsOfPiece: number;
}

/** Writes one piece, and notes it if nobody else went on meanwhile. @throws ExportTaken */
async function writePiece(
  ctx: TenantContext,
  at: LeadExportRecord,
  job: ExportJob,
  { leads, stages, rowsOfPiece }: PieceSource,
): Promise<LeadExportRecord> {
  const { LeadExport } = await getCrmModels(ctx.clientCode);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const { _id } = at;
  const openKey = storage.newKey();
  const former = await LeadExport.findOneAndUpdate(
    { _id, state: "running", rows: at.rows },
    { $set: { openKey } },
  ).lean();
  if (!former) throw new ExportTaken();
  // What a try before this one left of its piece.
  if (former.openKey) await storage.delete(former.openKey);
  let { rows, after } = at;
  async function* passing(): AsyncGenerator<ExportedLead> {
    for await (const slice of slicesOf(leads, beatRows)) {
      await beat(ctx, { ...at, rows }, job);
      for (const lead of slice) {
        rows += 1;
        after = { createdAt: lead.createdAt, id: lead._id };
        yield { ...toLead(lead), ...stages.get(lead.stageId?.toHexString() ?? "") };
      }
    }
  }
  const piece = {
    leads: passing(),
    columns: at.format === "csv" ? at.fileColumns : null,
    isFirst: at.rows === 0,
    isLast: () => rows - at.rows < rowsOfPiece,
  };
  const { size } = await storage.write(openKey, pieceBytes(piece));
  const next = { parts: [...at.parts, { key: openKey, bytes: size }], rows, after, tries: 0, openKey: null };
  const { matchedCount } = await LeadExport.updateOne(
    { _id, state: "running", openKey, rows: at.rows },
    { $set: { ...next, updatedAt: ctx.now() } },
  );
  if (matchedCount === 1) return { ...at, ...next };
  await storage.delete(openKey);
  throw new ExportTaken();
}

/** The filter as it came over the API: the parse that made it is done again, since the record is only stored text. */
async function filterOf(
  ctx: TenantContext,
  models: CrmModels,
  { filter: { condition, ...query } }: LeadExportRecord,
): Promise<QueryFilter<LeadRecord>> {
  const filter = await leadFilter(models, z.strictObject(listLeadsQuery.shape).parse(query));
  const wanted = conditionSchema.optional().parse(condition);
  if (!wanted) return filter;
  return { $and: [filter, await conditionFilter(ctx, models, wanted, "/filter/condition")] };
}

/** Leads behind the last one of a piece. */
function behind(after: LeadExportRecord["after"]): QueryFilter<LeadRecord> {
  if (!after) return {};
  const { createdAt, id } = after;
  return {
    createdAt: trusted({ $gte: createdAt }),
    $or: [{ createdAt: trusted({ $gt: createdAt }) }, { _id: trusted({ $gt: id }) }],
  };
}

/** @throws ExportTaken */
async function beat(
  ctx: TenantContext,
  { _id, rows, total }: LeadExportRecord,
  job: ExportJob,
): Promise<void> {
  job.signal.throwIfAborted();
  const { LeadExport } = await getCrmModels(ctx.clientCode);
  const progress = Math.min(0.99, rows / Math.max(1, total ?? 0));
  const { matchedCount } = await LeadExport.updateOne(
    { _id, state: "running" },
    { $set: { progress, updatedAt: ctx.now() } },
  );
  if (matchedCount === 0) throw new ExportTaken();
  await job.progress(progress);
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
