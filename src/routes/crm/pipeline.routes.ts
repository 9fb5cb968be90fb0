import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createPipelineSchema,
  createStageSchema,
  listPipelinesQuery,
  metricsQuery,
  moveLeadsQuery,
  pipelineMetricsSchema,
  pipelineSchema,
  stageOrderSchema,
  updatePipelineSchema,
  updateStageSchema,
} from "../../contracts/pipeline.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { getPipelineMetrics } from "../../services/saas/crm/pipeline.metrics";
import {
  addStage,
  createPipeline,
  deletePipeline,
  deleteStage,
  getPipeline,
  listPipelines,
  orderStages,
  updatePipeline,
  updateStage,
} from "../../services/saas/crm/pipeline.service";
import { boardRoutes } from "./board.routes";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "settings:write" } as const;
const tag = "Pipelines";
const params = z.strictObject({ id: objectIdSchema });
const stageParams = z.strictObject({ id: objectIdSchema, stageId: objectIdSchema });
const output = { status: 200, description: "The pipeline as it is now.", body: pipelineSchema } as const;

const reply = (pipeline: z.input<typeof pipelineSchema>) => ({ body: pipeline, version: pipeline.version });

/** Pipelines and their stages. Every answer is the whole pipeline, so that a board needs no second request. */
export const pipelineRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listPipelines",
    method: "GET",
    path: "/api/crm/pipelines",
    tag,
    summary: "List pipelines",
    description: "With their stages; exactly one is the default.",
    auth: read,
    input: { query: listPipelinesQuery },
    output: {
      status: 200,
      description: "Pipelines by name, with their stages.",
      body: pageSchema(pipelineSchema),
    },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listPipelines(ctx, query) }),
  }),
  defineRoute({
    operationId: "createPipeline",
    method: "POST",
    path: "/api/crm/pipelines",
    tag,
    summary: "Create a pipeline",
    description: "With its stages in their order; the first pipeline is the default.",
    auth: write,
    input: { body: createPipelineSchema },
    output: { status: 201, description: "The pipeline.", body: pipelineSchema },
    problems: ["duplicate", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const pipeline = await createPipeline(ctx, body);
      return { ...reply(pipeline), headers: { location: `/api/crm/pipelines/${pipeline.id}` } };
    },
  }),
  defineRoute({
    operationId: "getPipeline",
    method: "GET",
    path: "/api/crm/pipelines/{id}",
    tag,
    summary: "Read a pipeline",
    description: "Its `ETag` is what changes of its stages take as `If-Match`.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getPipeline(ctx, id)),
  }),
  defineRoute({
    operationId: "updatePipeline",
    method: "PATCH",
    path: "/api/crm/pipelines/{id}",
    tag,
    summary: "Change a pipeline",
    description: "Its key never changes. `isDefault: true` takes the default from the pipeline that has it.",
    auth: write,
    input: { params, body: updatePipelineSchema },
    output,
    problems: ["not-found", "precondition-failed", "duplicate", "invalid-state"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updatePipeline(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deletePipeline",
    method: "DELETE",
    path: "/api/crm/pipelines/{id}",
    tag,
    summary: "Delete a pipeline",
    description:
      "Its leads move to `moveLeadsTo`, a stage of another pipeline. Many leads are moved by a job: the answer is the pipeline with `deleting`, and it goes when its stages are empty.",
    auth: write,
    input: { params, query: moveLeadsQuery },
    output: {
      status: 200,
      description: "Null when it is deleted, else the pipeline that is being emptied.",
      body: pipelineSchema.nullable(),
    },
    problems: ["not-found", "precondition-failed", "invalid-state", "invalid-reference"],
    run: async ({ ctx, params: { id }, query: { moveLeadsTo }, ifMatch }) => {
      const left = await deletePipeline(ctx, { id, ifMatch }, moveLeadsTo);
      return left ? reply(left) : { body: null };
    },
  }),
  ...boardRoutes,
  defineRoute({
    operationId: "getPipelineMetrics",
    method: "GET",
    path: "/api/crm/pipelines/{id}/metrics",
    tag,
    summary: "Show how leads went through",
    description: "Conversion, time in stage, win rate and values of a time, at most 366 days.",
    auth: read,
    input: { params, query: metricsQuery },
    output: { status: 200, description: "The figures.", body: pipelineMetricsSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await getPipelineMetrics(ctx, id, query) }),
  }),
  defineRoute({
    operationId: "createStage",
    method: "POST",
    path: "/api/crm/pipelines/{id}/stages",
    tag,
    summary: "Add a stage",
    description: "An open stage comes after the last open one, others at the end.",
    auth: write,
    input: { params, body: createStageSchema },
    output: { status: 201, description: "The pipeline with the new stage.", body: pipelineSchema },
    problems: ["not-found", "precondition-failed", "duplicate", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, params: { id }, body, ifMatch }) => reply(await addStage(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "orderStages",
    method: "PUT",
    path: "/api/crm/pipelines/{id}/stages/order",
    tag,
    summary: "Put the stages in order",
    description: "All stages of the pipeline, each once, in the order they shall have.",
    auth: write,
    input: { params, body: stageOrderSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-reference", "invalid-state", "conflict"],
    run: async ({ ctx, params: { id }, body: { stageIds }, ifMatch }) =>
      reply(await orderStages(ctx, { id, ifMatch }, stageIds)),
  }),
  defineRoute({
    operationId: "updateStage",
    method: "PATCH",
    path: "/api/crm/pipelines/{id}/stages/{stageId}",
    tag,
    summary: "Change a stage",
    description: "Its key and type never change: rules and history hold on to them.",
    auth: write,
    input: { params: stageParams, body: updateStageSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-state"],
    run: async ({ ctx, params: { id, stageId }, body, ifMatch }) =>
      reply(await updateStage(ctx, { id, ifMatch }, stageId, body)),
  }),
  defineRoute({
    operationId: "deleteStage",
    method: "DELETE",
    path: "/api/crm/pipelines/{id}/stages/{stageId}",
    tag,
    summary: "Delete a stage",
    description:
      "Its leads move to `moveLeadsTo`, below those that are there; the target's limit and required fields do not hold for them. Many leads are moved by a job: the stage stays until it is empty, and its `closing` tells how far that is.",
    auth: write,
    input: { params: stageParams, query: moveLeadsQuery },
    output,
    problems: ["not-found", "precondition-failed", "invalid-state", "invalid-reference"],
    run: async ({ ctx, params: { id, stageId }, query: { moveLeadsTo }, ifMatch }) =>
      reply(await deleteStage(ctx, { id, ifMatch }, stageId, moveLeadsTo)),
  }),
];
