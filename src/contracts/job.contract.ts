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
  code: z
    .string()
    .meta({ description: "What went wrong, for programs.", example: "tenant-database-unavailable" }),
  detail: z.string().meta({ description: "What went wrong, for people." }),
});

export const jobViewSchema = z
  .object({
    id: objectIdSchema,
    clientCode: z.string().meta({ description: "The tenant it works for.", example: "demo" }),
    queue: queueName,
    type: jobType,
    state: z.enum(jobStateNames).meta({
      description: "`scheduled`: not due yet, or in line. `dead`: given up; it can be tried again by hand.",
      example: "waiting",
    }),
    blockedBy: z.enum(["key", "type"]).nullable().meta({
      description: "`key`: in line behind another of its ordering key. `type`: parked with its type.",
    }),
    priority: z.number().int().meta({ description: "Higher goes first.", example: 0 }),
    attempts: z.number().int().meta({ description: "How often it was begun.", example: 1 }),
    maxAttempts: z.number().int().meta({ description: "After so many it is given up.", example: 10 }),
    crashes: z.number().int().meta({ description: "Workers that died or fell silent while they had it." }),
    runAt: timestampSchema.meta({ description: "When it is or was due." }),
    createdAt: timestampSchema,
    startedAt: timestampSchema.nullable().meta({ description: "Start of the latest attempt." }),
    finishedAt: timestampSchema.nullable().meta({ description: "When it ended; null: it has not." }),
    lastError: jobErrorSchema
      .nullable()
      .meta({ description: "Why the latest attempt failed; null: none did." }),
  })
  .meta({ id: "Job", description: "A background job." });
export type JobView = z.infer<typeof jobViewSchema>;

export const jobDetailSchema = jobViewSchema
  .extend({
    payload: z.record(z.string(), z.unknown()).meta({ description: "Ids of what it works on." }),
    key: z.string().nullable().meta({ description: "Its unique key." }),
    orderingKey: z
      .string()
      .nullable()
      .meta({ description: "Jobs of one key run one after another; null: it waits for none." }),
    workerId: z.string().nullable().meta({ description: "Who has it now; null: nobody." }),
    leaseUntil: timestampSchema
      .nullable()
      .meta({ description: "Until then it is its worker's; afterwards another may take it." }),
    cancelRequestedAt: timestampSchema.nullable().meta({ description: "When it was asked to stop." }),
    progress: z.number().nullable().meta({ description: "How far it is, 0 to 1; null: it does not say." }),
    result: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: "What came of it; null: it has not ended, or tells nothing." }),
    errors: z.array(jobErrorSchema).meta({ description: "The last five, oldest first." }),
    history: z
      .array(
        z.object({
          at: timestampSchema,
          what: z.string().meta({ description: "What happened, in a word or a sentence." }),
        }),
      )
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

const countSchema = z
  .object({
    count: z.number().int().meta({ description: "How many, as far as they were counted.", example: 12 }),
    capped: z.boolean().meta({ description: "There are more." }),
  })
  .meta({
    id: "CappedCount",
    description: "`capped`: more than `count`, which is the most that is counted.",
  });

const lag = (share: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `So many ms, or fewer, for ${share} of the jobs.`, example: 250 });

const windowSchema = z
  .object({
    done: z.number().int().meta({ description: "Jobs that ended well.", example: 120 }),
    failed: z.number().int().meta({ description: "Attempts that went wrong." }),
    dead: z.number().int().meta({ description: "Jobs that were given up.", example: 0 }),
    retried: z.number().int().meta({ description: "Attempts after which the job waits to be tried again." }),
    crashed: z.number().int().meta({ description: "Attempts whose worker fell silent; among the failed." }),
    perMinute: z.number().meta({ description: "Jobs done in a minute, on average." }),
    failureRate: z
      .number()
      .nullable()
      .meta({ description: "Failed of all that were done or failed; null without any." }),
    lagMs: z
      .object({
        p50: lag("half"),
        p95: lag("95 %"),
        p99: lag("99 %"),
      })
      .meta({ description: "From being due to being started, as upper bounds; null without attempts." }),
  })
  .meta({ id: "QueueWindow", description: "What was done in a span of time that ends now." });
export type QueueWindow = z.infer<typeof windowSchema>;

const countsShape = {
  waiting: countSchema.meta({ description: "Due, and not begun." }),
  scheduled: countSchema.meta({ description: "Not due yet, or in line behind another." }),
  running: countSchema.meta({ description: "Being done." }),
  dead: countSchema.meta({ description: "Given up." }),
  oldestWaitingAt: timestampSchema
    .nullable()
    .meta({ description: "When the oldest waiting job became due." }),
};

export const queueCountsSchema = z
  .object({
    queue: queueName,
    paused: z.boolean().meta({ description: "Whether an admin stopped it." }),
    ...countsShape,
  })
  .meta({ id: "QueueCounts", description: "How many jobs of a queue are in which state." });
export type QueueCounts = z.infer<typeof queueCountsSchema>;

const windowsShape = { last5Minutes: windowSchema, lastHour: windowSchema };

export const queueHealthSchema = z
  .object({
    at: timestampSchema,
    pausedTypes: z
      .array(z.string())
      .meta({ description: "Types of jobs that an admin stopped.", example: ["whatsapp.send"] }),
    queues: z
      .array(queueCountsSchema.extend(windowsShape))
      .meta({ description: "Each queue, over all tenants." }),
    tenants: z
      .array(
        queueCountsSchema.extend({
          clientCode: z.string().meta({ description: "The tenant.", example: "demo" }),
          ...windowsShape,
        }),
      )
      .meta({ description: "Tenants that have jobs, or had some done within the hour; one row per queue." }),
  })
  .meta({ id: "QueueHealth", description: "State of the queue." });
export type QueueHealth = z.infer<typeof queueHealthSchema>;

export const steeredSchema = z
  .object({
    target: z.string().meta({ description: "What was steered.", example: "queue:crm" }),
    paused: z.boolean().meta({ description: "Whether its jobs wait now." }),
  })
  .meta({ id: "SteeredQueue", description: "What an admin decided about the queue; felt within a second." });
export type Steered = z.infer<typeof steeredSchema>;
