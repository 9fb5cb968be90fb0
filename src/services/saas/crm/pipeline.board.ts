/** A pipeline as columns: counts and sums from index keys alone, the first page of each column in its order. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type { Lead } from "../../../contracts/lead.contract";
import type { Board, BoardQuery, ListStageLeads } from "../../../contracts/pipeline.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { notFound } from "./crm.problem";
import { followedRank } from "./lead.place";
import { toLead } from "./lead.serialiser";
import { toPipeline } from "./pipeline.serialiser";
import { stageOf } from "./pipeline.stages";
import { type ColumnTotal, filteredTotal, pipelineTotals } from "./pipeline.totals";

type Filters = Pick<BoardQuery, "ownerId" | "tag">;

/** @throws AppError not-found. */
export async function getBoard(ctx: TenantContext, id: string, query: BoardQuery): Promise<Board> {
  const models = await getCrmModels(ctx.clientCode);
  const pipeline = await models.Pipeline.findById(new Types.ObjectId(id)).lean();
  if (!pipeline) throw notFound("pipeline");
  const { stages, version } = toPipeline(pipeline);
  const { limit, ...filters } = query;
  const totals = await totalsOf(
    models,
    stages.map((stage) => stage.id),
    filters,
  );
  const columns: Board["columns"] = [];
  for (const stage of stages) {
    const { count, countIsCapped, values } = totals.get(stage.id) ?? {
      count: 0,
      countIsCapped: false,
      values: [],
    };
    const leads = await columnPage(ctx, models, stage.id, { ...filters, limit });
    columns.push({ stage, count, countIsCapped, values, leads });
  }
  return { pipelineId: id, version, columns };
}

/** A page of one column. @throws AppError not-found, invalid-cursor. */
export async function listStageLeads(
  ctx: TenantContext,
  pipelineId: string,
  stageId: string,
  query: ListStageLeads,
): Promise<Page<Lead>> {
  const models = await getCrmModels(ctx.clientCode);
  const pipeline = await models.Pipeline.findById(new Types.ObjectId(pipelineId)).lean();
  if (!pipeline) throw notFound("pipeline");
  stageOf(pipeline, stageId);
  return columnPage(ctx, models, stageId, query);
}

async function columnPage(
  ctx: TenantContext,
  models: CrmModels,
  stageId: string,
  { limit, cursor, ...filters }: ListStageLeads,
): Promise<Page<Lead>> {
  const page = await pageOf(ctx, models.Lead, {
    route: "listStageLeads",
    query: Object.assign({ stageId, limit, cursor }, filters),
    filter: columnFilter(stageId, filters),
    sort: { rank: 1 },
    followed: followedRank(models),
  });
  return { ...page, data: page.data.map(toLead) };
}

function columnFilter(stageId: string, { ownerId, tag }: Filters): QueryFilter<LeadRecord> {
  return {
    stageId: new Types.ObjectId(stageId),
    deletedAt: null,
    rank: trusted({ $gt: "" }),
    ...(ownerId ? { ownerId } : {}),
    ...(tag ? { tags: tag.normalize("NFC") } : {}),
  };
}

async function totalsOf(
  models: CrmModels,
  stageIds: readonly string[],
  filters: Filters,
): Promise<ReadonlyMap<string, ColumnTotal>> {
  if (!filters.ownerId && !filters.tag) return pipelineTotals(models, stageIds);
  const totals = new Map<string, ColumnTotal>();
  for (const stageId of stageIds)
    totals.set(stageId, await filteredTotal(models, columnFilter(stageId, filters)));
  return totals;
}
