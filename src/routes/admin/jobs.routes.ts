import { pageSchema } from "../../contracts/common.contract";
import {
  jobActsSchema,
  jobDetailSchema,
  jobFilterSchema,
  jobParam,
  jobViewSchema,
  listJobsQuery,
  queueHealthSchema,
  queueParam,
  steeredSchema,
  steerSchema,
} from "../../contracts/job.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  discardJob,
  discardJobs,
  getJob,
  listJobs,
  retryJob,
  retryJobs,
} from "../../services/clients/job.admin.service";
import { queueHealth } from "../../services/clients/queue.health.service";
import { queueMetrics } from "../../services/clients/queue.metrics.service";
import { pauseJobs, resumeJobs } from "../../services/clients/queue.steering.service";

const auth = { kind: "admin" } as const;
const tag = "Jobs";
const one = "/api/admin/jobs/{id}";
const queue = "/api/admin/queues/{name}";
const job = { status: 200, description: "The job as it is now.", body: jobDetailSchema } as const;
const acts = { status: 200, description: "What was done.", body: jobActsSchema } as const;
const steered = { status: 200, description: "What was decided.", body: steeredSchema } as const;

/** The queue: the same acts as `npm run jobs`. Each is in the audit under the admin key's name. */
export const adminJobRoutes: readonly Route[] = [
  defineRoute({
    operationId: "getQueues",
    method: "GET",
    path: "/api/admin/queues",
    tag,
    summary: "State of the queue",
    description:
      "Per queue and per tenant. Counts end at 10,000; throughput and lag are of the minutes that runners have written, at the end of a run or once a minute.",
    auth,
    input: {},
    output: { status: 200, description: "How the queue is.", body: queueHealthSchema },
    problems: [],
    run: async () => ({ body: await queueHealth() }),
  }),
  defineRoute({
    operationId: "pauseQueue",
    method: "POST",
    path: `${queue}/pause`,
    tag,
    summary: "Pause a queue, one of its types, or a tenant",
    description: "Felt everywhere within a second. What runs finishes; what waits goes on waiting.",
    auth,
    input: { params: queueParam, body: steerSchema },
    output: steered,
    problems: ["not-found", "invalid-reference"],
    run: async ({ ctx, params, body }) => ({ body: await pauseJobs(ctx, { queue: params.name, ...body }) }),
  }),
  defineRoute({
    operationId: "resumeQueue",
    method: "POST",
    path: `${queue}/resume`,
    tag,
    summary: "Take a pause back",
    description: "Its waiting jobs are taken again.",
    auth,
    input: { params: queueParam, body: steerSchema },
    output: steered,
    problems: ["not-found", "invalid-reference"],
    run: async ({ ctx, params, body }) => ({ body: await resumeJobs(ctx, { queue: params.name, ...body }) }),
  }),
  defineRoute({
    operationId: "listJobs",
    method: "GET",
    path: "/api/admin/jobs",
    tag,
    summary: "List jobs",
    description:
      "Newest first. A list over all tenants takes a state of scheduled, waiting, running or dead with the other filters, or none at all.",
    auth,
    input: { query: listJobsQuery },
    output: { status: 200, description: "Jobs.", body: pageSchema(jobViewSchema) },
    problems: ["invalid-cursor"],
    run: async ({ query }) => ({ body: await listJobs(query) }),
  }),
  defineRoute({
    operationId: "retryJobs",
    method: "POST",
    path: "/api/admin/jobs/retry",
    tag,
    summary: "Retry dead jobs",
    description: "Those that match are put back to wait with all their tries.",
    auth,
    input: { body: jobFilterSchema },
    output: acts,
    problems: [],
    run: async ({ ctx, body }) => ({ body: await retryJobs(ctx, body) }),
  }),
  defineRoute({
    operationId: "discardJobs",
    method: "POST",
    path: "/api/admin/jobs/discard",
    tag,
    summary: "Discard dead jobs",
    description: "Those that match end for good; their successors of one key go on.",
    auth,
    input: { body: jobFilterSchema },
    output: acts,
    problems: [],
    run: async ({ ctx, body }) => ({ body: await discardJobs(ctx, body) }),
  }),
  defineRoute({
    operationId: "getJob",
    method: "GET",
    path: one,
    tag,
    summary: "Show a job with its history and errors",
    description: "Its state, tries, errors and times; payloads hold ids only.",
    auth,
    input: { params: jobParam },
    output: job,
    problems: ["not-found"],
    run: async ({ params }) => ({ body: await getJob(params.id) }),
  }),
  defineRoute({
    operationId: "retryJob",
    method: "POST",
    path: `${one}/retry`,
    tag,
    summary: "Retry a dead job",
    description: "It gets all its attempts again, and its place in line if it has an ordering key.",
    auth,
    input: { params: jobParam },
    output: job,
    problems: ["not-found", "invalid-state", "duplicate"],
    run: async ({ ctx, params }) => ({ body: await retryJob(ctx, params.id) }),
  }),
  defineRoute({
    operationId: "discardJob",
    method: "POST",
    path: `${one}/discard`,
    tag,
    summary: "Discard a job that is dead or has not started",
    description: "It ends for good; its successors of one key go on.",
    auth,
    input: { params: jobParam },
    output: job,
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params }) => ({ body: await discardJob(ctx, params.id) }),
  }),
  defineRoute({
    operationId: "getMetrics",
    method: "GET",
    path: "/api/admin/metrics",
    tag,
    summary: "The queue's figures for Prometheus",
    description: "In Prometheus's text format, for a scraper that has an admin key.",
    auth,
    input: {},
    output: {
      status: 200,
      description: "Prometheus's text format.",
      contentType: "text/plain; version=0.0.4; charset=utf-8",
    },
    problems: [],
    run: async () => ({ body: await queueMetrics() }),
  }),
];
