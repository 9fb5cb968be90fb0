/** Background jobs and the queue as the platform's administration sees and steers them. */
import * as z from "zod";
import { clientCodeSchema, objectIdSchema, pageQuery, timestampSchema } from "./common.contract";

export const jobStateNames = ["scheduled", "waiting", "running", "done", "dead", "cancelled"] as const;
/** States whose jobs are few beside what is done: lists over all tenants take only these. */
const listedOverAll: readonly string[] = ["scheduled", "waiting", "running", "dead"];

const queueName = z.string().max(32).meta({ description: "Name of the queue.", example: "crm" });
const jobType = z.string().max(64).meta({ description: "Type of job.", example: "whatsapp.send" });
/** A tenant's code as a filter: whoever has no jobs has none. */
const tenant = z.string().max(64).meta({ description: "Only this tenant's.", example: "demo" });

export const listJobsQuery = z
  .strictObject({
    ...pageQuery,
    clientCode: tenant.optional(),
    state: z.enum(jobStateNames).optional().meta({ description: "Only these.", example: "dead" }),
    queue: queueName.optional(),
    type: jobType.optional(),
  })
  .superRefine(({ clientCode, state, queue, type }, ctx) => {
    const filtered = state !== undefined || queue !== undefined || type !== undefined;
    if (clientCode !== undefined || !filtered || listedOverAll.includes(state ?? "")) return;
    ctx.addIssue({
      code: "custom",
      path: ["clientCode"],
      message: `a list over all tenants takes no filter, or a state of ${listedOverAll.join(", ")}; else give clientCode`,
    });
  });
export type ListJobs = z.output<typeof listJobsQuery>;

/** Which jobs to act on; absent: any. */
export const jobFilterSchema = z.strictObject({
  clientCode: tenant.optional(),
  queue: queueName.optional(),
  type: jobType.optional(),
  limit: z.number().int().min(1).max(1_000).default(1_000).meta({
    description: "At most so many in this call; call again while `more` is true.",
    example: 100,
  }),
});
export type JobFilter = z.output<typeof jobFilterSchema>;

export const jobParam = z.strictObject({ id: objectIdSchema });
export const queueParam = z.strictObject({ name: queueName });

export const steerSchema = z
  .strictObject({
    type: jobType.optional(),
    clientCode: clientCodeSchema.optional().meta({
      description: "Only this tenant's jobs, in every queue.",
      example: "demo",
    }),
  })
  .refine(({ type, clientCode }) => type === undefined || clientCode === undefined, {
    error: "give type or clientCode, not both",
  });

const jobErrorSchema = z.object({
  at: timestampSchema,
  code: z.string().meta({ example: "tenant-database-unavailable" }),
  detail: z.string(),
});

export const jobViewSchema = z
  .object({
    id: objectIdSchema,
    clientCode: z.string().meta({ example: "demo" }),
    queue: queueName,
    type: jobType,
    state: z.enum(jobStateNames),
    blockedBy: z.enum(["key", "type"]).nullable().meta({
      description: "`key`: in line behind another of its ordering key. `type`: parked with its type.",
    }),
    priority: z.number().int(),
    attempts: z.number().int(),
    maxAttempts: z.number().int(),
    crashes: z.number().int().meta({ description: "Workers that died or fell silent while they had it." }),
    runAt: timestampSchema.meta({ description: "When it is or was due." }),
    createdAt: timestampSchema,
    startedAt: timestampSchema.nullable().meta({ description: "Start of the latest attempt." }),
    finishedAt: timestampSchema.nullable(),
    lastError: jobErrorSchema.nullable(),
  })
  .meta({ id: "Job", description: "A background job." });
export type JobView = z.infer<typeof jobViewSchema>;

export const jobDetailSchema = jobViewSchema
  .extend({
    payload: z.record(z.string(), z.unknown()).meta({ description: "Ids of what it works on." }),
    key: z.string().nullable().meta({ description: "Its unique key." }),
    orderingKey: z.string().nullable(),
    workerId: z.string().nullable(),
    leaseUntil: timestampSchema.nullable(),
    cancelRequestedAt: timestampSchema.nullable(),
    progress: z.number().nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    errors: z.array(jobErrorSchema).meta({ description: "The last five, oldest first." }),
    history: z
      .array(z.object({ at: timestampSchema, what: z.string() }))
      .meta({ description: "What is known of its way, oldest first, with what admins did." }),
    requestId: z.string().meta({ description: "Of the request that caused it." }),
  })
  .meta({ id: "JobDetail", description: "A background job with its history and errors." });
export type JobDetail = z.infer<typeof jobDetailSchema>;

export const jobActsSchema = z
  .object({
    acted: z.number().int().meta({ description: "How many jobs it was done to." }),
    skipped: z
      .number()
      .int()
      .meta({ description: "Changed in between, or a job with the same unique key was enqueued since." }),
    more: z.boolean().meta({ description: "There may be more of them; call again." }),
  })
  .meta({ id: "JobActs", description: "What was done to many jobs." });
export type JobActs = z.infer<typeof jobActsSchema>;

const countSchema = z.object({ count: z.number().int(), capped: z.boolean() }).meta({
  id: "CappedCount",
  description: "`capped`: more than `count`, which is the most that is counted.",
});

const windowSchema = z
  .object({
    done: z.number().int(),
    failed: z.number().int().meta({ description: "Attempts that went wrong." }),
    dead: z.number().int(),
    retried: z.number().int().meta({ description: "Attempts after which the job waits to be tried again." }),
    crashed: z.number().int().meta({ description: "Attempts whose worker fell silent; among the failed." }),
    perMinute: z.number().meta({ description: "Jobs done in a minute, on average." }),
    failureRate: z
      .number()
      .nullable()
      .meta({ description: "Failed of all that were done or failed; null without any." }),
    lagMs: z
      .object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() })
      .meta({ description: "From being due to being started, as upper bounds; null without attempts." }),
  })
  .meta({ id: "QueueWindow", description: "What was done in a span of time that ends now." });
export type QueueWindow = z.infer<typeof windowSchema>;

const countsShape = {
  waiting: countSchema,
  scheduled: countSchema,
  running: countSchema,
  dead: countSchema,
  oldestWaitingAt: timestampSchema
    .nullable()
    .meta({ description: "When the oldest waiting job became due." }),
};

export const queueCountsSchema = z
  .object({ queue: queueName, paused: z.boolean(), ...countsShape })
  .meta({ id: "QueueCounts", description: "How many jobs of a queue are in which state." });
export type QueueCounts = z.infer<typeof queueCountsSchema>;

const windowsShape = { last5Minutes: windowSchema, lastHour: windowSchema };

export const queueHealthSchema = z
  .object({
    at: timestampSchema,
    pausedTypes: z.array(z.string()),
    queues: z.array(queueCountsSchema.extend(windowsShape)),
    tenants: z
      .array(queueCountsSchema.extend({ clientCode: z.string(), ...windowsShape }))
      .meta({ description: "Tenants that have jobs, or had some done within the hour; one row per queue." }),
  })
  .meta({ id: "QueueHealth", description: "State of the queue." });
export type QueueHealth = z.infer<typeof queueHealthSchema>;

export const steeredSchema = z
  .object({
    target: z.string().meta({ description: "What was steered.", example: "queue:crm" }),
    paused: z.boolean(),
  })
  .meta({ id: "SteeredQueue", description: "What an admin decided about the queue; felt within a second." });
export type Steered = z.infer<typeof steeredSchema>;
