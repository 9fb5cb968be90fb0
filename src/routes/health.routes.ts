import * as z from "zod";
import { queueCountsSchema } from "../contracts/job.contract";
import { defineRoute, type Route } from "../lib/http/define.route";
import { describeFfmpeg } from "../lib/media/ffmpeg.binary";
import { queueCounts } from "../services/clients/queue.health.service";

const healthSchema = z
  .object({
    status: z.literal("ok").meta({ description: "It answers." }),
    time: z.iso.datetime().meta({ description: "The service's clock." }),
  })
  .meta({ id: "Health", description: "The service answers." });

const adminHealthSchema = z
  .object({
    status: z
      .enum(["ok", "degraded"])
      .meta({ description: "`degraded`: something below is wrong, and says so.", example: "ok" }),
    time: z.iso.datetime().meta({ description: "The service's clock." }),
    ffmpeg: z
      .object({
        path: z.string().nullable().meta({ description: "Where it lies; null: there is none." }),
        source: z
          .enum(["FFMPEG_PATH", "layer", "package"])
          .nullable()
          .meta({ description: "Where it comes from; null: there is none.", example: "layer" }),
        version: z.string().nullable().meta({ description: "Its version; null: it tells none." }),
        oldestAllowed: z.string().meta({ description: "Older versions are refused outside stage local." }),
        problem: z.string().nullable().meta({ description: "What is wrong with it, and what to do." }),
      })
      .meta({ description: "The ffmpeg binary that this function would use." }),
    queues: z.array(queueCountsSchema).meta({ description: "Each queue, over all tenants." }),
  })
  .meta({ id: "AdminHealth", description: "State of the platform." });

export const healthRoutes: readonly Route[] = [
  defineRoute({
    operationId: "getHealth",
    method: "GET",
    path: "/api/health",
    tag: "Platform",
    summary: "Tell whether the service answers",
    description: "For load balancers: it asks no database and needs no key.",
    auth: { kind: "public" },
    input: {},
    output: { status: 200, description: "It does.", body: healthSchema },
    problems: [],
    run: async ({ ctx }) => ({ body: { status: "ok" as const, time: ctx.now().toISOString() } }),
  }),
];

export const adminHealthRoutes: readonly Route[] = [
  defineRoute({
    operationId: "getAdminHealth",
    method: "GET",
    path: "/api/admin/health",
    tag: "Platform",
    summary: "State of the platform",
    description: "Databases, queues, tenants and open alerts at a glance.",
    auth: { kind: "admin" },
    input: {},
    output: {
      status: 200,
      description: "What is in use and what is wrong with it.",
      body: adminHealthSchema,
    },
    problems: [],
    async run({ ctx }) {
      const [{ binary, floor, problem }, queues] = await Promise.all([describeFfmpeg(), queueCounts()]);
      return {
        body: {
          status: problem === null ? ("ok" as const) : ("degraded" as const),
          time: ctx.now().toISOString(),
          ffmpeg: {
            path: binary?.path ?? null,
            source: binary?.source ?? null,
            version: binary?.version ?? null,
            oldestAllowed: floor,
            problem,
          },
          queues,
        },
      };
    },
  }),
];
