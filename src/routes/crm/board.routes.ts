import * as z from "zod";
import {
  boardQuery,
  boardSchema,
  listStageLeadsQuery,
  searchBoardSchema,
  searchStageLeadsSchema,
} from "../../contracts/board.contract";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import { leadSchema } from "../../contracts/lead.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  getBoard,
  listStageLeads,
  searchBoard,
  searchStageLeads,
} from "../../services/saas/crm/pipeline.board";

const read = { kind: "tenant", scope: "leads:read" } as const;
const tag = "Pipelines";
const params = z.strictObject({ id: objectIdSchema });
const stageParams = z.strictObject({ id: objectIdSchema, stageId: objectIdSchema });

/** A pipeline's leads as they stand in its columns. */
export const boardRoutes: readonly Route[] = [
  defineRoute({
    operationId: "getBoard",
    method: "GET",
    path: "/api/crm/pipelines/{id}/board",
    tag,
    summary: "Show the board",
    description:
      "Every stage as a column: how many leads, what they are worth, and the first of them in their order. With a filter counts and sums stop at 10,000 leads of a column.",
    auth: read,
    input: { params, query: boardQuery },
    output: { status: 200, description: "The board.", body: boardSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await getBoard(ctx, id, query) }),
  }),
  defineRoute({
    operationId: "listStageLeads",
    method: "GET",
    path: "/api/crm/pipelines/{id}/stages/{stageId}/leads",
    tag,
    summary: "List the leads of a column",
    description:
      "In the order of the column; the board's `nextCursor` goes on here, with the same filters and limit.",
    auth: read,
    input: { params: stageParams, query: listStageLeadsQuery },
    output: { status: 200, description: "A page of the column.", body: pageSchema(leadSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id, stageId }, query }) => ({
      body: await listStageLeads(ctx, id, stageId, query),
    }),
  }),
  defineRoute({
    operationId: "searchBoard",
    method: "POST",
    path: "/api/crm/pipelines/{id}/board",
    tag,
    summary: "Show the board of some leads",
    description:
      "As `getBoard`, with the leads for which a condition in the grammar of rules holds, that have the words, or both. Counts and sums stop at 10,000 leads of a column.",
    auth: read,
    input: { params, body: searchBoardSchema },
    output: { status: 200, description: "The board.", body: boardSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id }, body }) => ({ body: await searchBoard(ctx, id, body) }),
  }),
  defineRoute({
    operationId: "searchStageLeads",
    method: "POST",
    path: "/api/crm/pipelines/{id}/stages/{stageId}/leads/search",
    tag,
    summary: "Search the leads of a column",
    description:
      "In the order of the column; `nextCursor` of a board by condition goes on here, with the same condition, words and limit.",
    auth: read,
    input: { params: stageParams, body: searchStageLeadsSchema },
    output: { status: 200, description: "A page of the column.", body: pageSchema(leadSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id, stageId }, body }) => ({
      body: await searchStageLeads(ctx, id, stageId, body),
    }),
  }),
];
