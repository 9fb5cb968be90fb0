/** Exports as callers see them. The work is the job's (`export.run`). */
import { Types, trusted } from "mongoose";
import type { CreateExport, Export } from "../../../../contracts/transfer.contract";
import { cancelJob, enqueue } from "../../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../../lib/query/page";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { markTenantActive } from "../../../../lib/tenant/mark.active";
import type { LeadExportRecord } from "../../../../model/saas/lead.export.schema";
import { invalidState, notFound } from "../crm.problem";
import { conditionFilter } from "../lead.search";
import { dropFile } from "./export.file";
import { transferDays } from "./import.service";
import { toExport } from "./transfer.serialiser";

const dayMs = 24 * 60 * 60_000;

/** @throws AppError validation-failed with a pointer into the condition. */
export async function createExport(ctx: TenantContext, input: CreateExport): Promise<Export> {
  const models = await getCrmModels(ctx.clientCode);
  const { condition } = input.filter;
  if (condition) await conditionFilter(ctx, models, condition, "/filter/condition");
  const now = ctx.now();
  const record = {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    state: "queued" as const,
    format: input.format,
    filter: Object.fromEntries(Object.entries(input.filter).filter(([, value]) => value !== undefined)),
    columns: input.columns ?? null,
    requestId: ctx.requestId,
    createdBy: ctx.actor,
    expiresAt: new Date(now.getTime() + transferDays * dayMs),
  };
  await markTenantActive(ctx.clientCode);
  await models.LeadExport.insertMany([record]);
  await enqueueExport(ctx, record._id);
  return getExport(ctx, record._id.toHexString());
}

/** The same job again is no second one. */
export async function enqueueExport(ctx: TenantContext, _id: Types.ObjectId): Promise<void> {
  const exportId = _id.toHexString();
  await enqueue({
    type: "leads.export",
    payload: { clientCode: ctx.clientCode, exportId },
    requestId: ctx.requestId,
    key: exportId,
  });
}

/** @throws AppError not-found. */
export async function getExport(ctx: TenantContext, id: string): Promise<Export> {
  return toExport(await findExport(ctx, id));
}

export async function findExport(ctx: TenantContext, id: string): Promise<LeadExportRecord> {
  const { LeadExport } = await getCrmModels(ctx.clientCode);
  const record = await LeadExport.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("export");
  return record;
}

/** Newest first. */
export async function listExports(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<Export>> {
  const { LeadExport } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, LeadExport, {
    route: "listExports",
    query,
    filter: {},
    sort: { createdAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toExport) };
}

/** Stops an export; asked again it answers the same. @throws AppError not-found, invalid-state when it is over. */
export async function cancelExport(ctx: TenantContext, id: string): Promise<Export> {
  const { LeadExport } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  await LeadExport.updateOne(
    { _id: new Types.ObjectId(id), state: trusted({ $in: ["queued", "running"] }) },
    { $set: { state: "cancelled", endedAt: now, updatedAt: now }, $inc: { version: 1 } },
  );
  const record = await findExport(ctx, id);
  if (record.state !== "cancelled")
    throw invalidState(`The export is ${record.state}: nothing is left to cancel.`);
  await cancelJob(ctx.clientCode, "leads.export", id);
  await dropFile(ctx, record);
  return toExport(record);
}
