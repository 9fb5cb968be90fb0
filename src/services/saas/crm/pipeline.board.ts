/**
 * A pipeline as columns, of all its leads or of some: counts and sums of all from index keys alone, of some by looking
 * at 10,000 in a column at most; the first page of each column in its order.
 */
import { type QueryFilter, Types, trusted } from "mongoose";
import type {
  Board,
  BoardQuery,
  ListStageLeads,
  SearchBoard,
  SearchStageLeads,
} from "../../../contracts/board.contract";
import type { Lead } from "../../../contracts/lead.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import { notFound } from "./crm.problem";
import { followedRank } from "./lead.place";
import { searchFilter } from "./lead.search";
import { toLead } from "./lead.serialiser";
import { toPipeline } from "./pipeline.serialiser";
import { stageOf } from "./pipeline.stages";
import { type ColumnTotal, filteredTotal, pipelineTotals } from "./pipeline.totals";

/** Which leads of a column are asked for. */
interface Asked {
  /** operationId of the list that goes on with a column. */
  readonly route: string;
  /** What the caller asked, to which cursors are bound. */
  readonly query: object;
  /** Null: all of them. */
  readonly filter: QueryFilter<LeadRecord> | null;
}

/** @throws AppError not-found. */
export async function getBoard(
  ctx: TenantContext,
  id: string,
  { limit, ...filters }: BoardQuery,
): Promise<Board> {
  const models = await getCrmModels(ctx.clientCode);
  return boardOf(ctx, models, id, byFilters(filters), limit);
}

/** @throws AppError not-found, validation-failed with a pointer into the condition. */
export async function searchBoard(
  ctx: TenantContext,
  id: string,
  { limit, ...search }: SearchBoard,
): Promise<Board> {
  const models = await getCrmModels(ctx.clientCode);
  return boardOf(ctx, models, id, await bySearch(ctx, models, search), limit);
}

/** A page of one column. @throws AppError not-found, invalid-cursor. */
export async function listStageLeads(
  ctx: TenantContext,
  pipelineId: string,
  stageId: string,
  { limit, cursor, ...filters }: ListStageLeads,
): Promise<Page<Lead>> {
  const models = await getCrmModels(ctx.clientCode);
  stageOf(await pipelineById(models, pipelineId), stageId);
  return columnPage(ctx, models, stageId, byFilters(filters), { limit, cursor });
}

/** @throws AppError not-found, invalid-cursor, validation-failed with a pointer into the condition. */
export async function searchStageLeads(
  ctx: TenantContext,
  pipelineId: string,
  stageId: string,
  { limit, cursor, ...search }: SearchStageLeads,
): Promise<Page<Lead>> {
  const models = await getCrmModels(ctx.clientCode);
  stageOf(await pipelineById(models, pipelineId), stageId);
  return columnPage(ctx, models, stageId, await bySearch(ctx, models, search), { limit, cursor });
}

function byFilters(query: Pick<BoardQuery, "ownerId" | "tag">): Asked {
  const { ownerId, tag } = query;
  const filter = {
    ...(ownerId ? { ownerId } : {}),
    ...(tag ? { tags: tag.normalize("NFC") } : {}),
  };
  return { route: "listStageLeads", query, filter: ownerId || tag ? filter : null };
}

async function bySearch(
  ctx: TenantContext,
  models: CrmModels,
  query: Pick<SearchBoard, "condition" | "query">,
): Promise<Asked> {
  const all = query.condition === undefined && !query.query;
  return {
    route: "searchStageLeads",
    query,
    filter: all ? null : await searchFilter(ctx, models, query),
  };
}

async function pipelineById({ Pipeline }: CrmModels, id: string): Promise<PipelineRecord> {
  const pipeline = await Pipeline.findById(new Types.ObjectId(id)).lean();
  if (!pipeline) throw notFound("pipeline");
  return pipeline;
}

async function boardOf(
  ctx: TenantContext,
  models: CrmModels,
  id: string,
  asked: Asked,
  limit: number,
): Promise<Board> {
  const { stages, version } = toPipeline(await pipelineById(models, id));
  const stageIds = stages.map((stage) => stage.id);
  const totals = asked.filter === null ? await pipelineTotals(models, stageIds) : null;
  const columns: Board["columns"] = [];
  for (const stage of stages) {
    const [total, leads] = await Promise.all([
      totals
        ? (totals.get(stage.id) ?? emptyColumn)
        : filteredTotal(models, columnFilter(stage.id, asked.filter)),
      columnPage(ctx, models, stage.id, asked, { limit }),
    ]);
    columns.push({ stage, ...total, leads });
  }
  return { pipelineId: id, version, columns };
}

const emptyColumn: ColumnTotal = { count: 0, countIsCapped: false, values: [] };

async function columnPage(
  ctx: TenantContext,
  models: CrmModels,
  stageId: string,
  { route, query, filter }: Asked,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<Page<Lead>> {
  const page = await pageOf(ctx, models.Lead, {
    route,
    query: Object.assign({ stageId, limit, cursor }, query),
    filter: columnFilter(stageId, filter),
    sort: { rank: 1 },
    followed: followedRank(models),
  });
  return { ...page, data: page.data.map(toLead) };
}

function columnFilter(stageId: string, filter: Asked["filter"]): QueryFilter<LeadRecord> {
  return {
    ...filter,
    stageId: new Types.ObjectId(stageId),
    deletedAt: null,
    rank: trusted({ $gt: "" }),
  };
}
