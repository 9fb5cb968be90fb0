/**
 * Every kind of background job: payload, queue, retry, lease. `handlers/index.ts` is typed by this record, so a job
 * without a handler does not compile. ADD A JOB HERE.
 */
import * as z from "zod";
import { clientCodeSchema, objectIdSchema } from "../../contracts/common.contract";

export const queueNames = ["crm", "media"] as const;
export type QueueName = (typeof queueNames)[number];

export interface JobDefinition {
  /** Always holds `clientCode`: the worker reads the tenant from the payload. Ids only, never content. */
  readonly payload: z.ZodObject<{ clientCode: typeof clientCodeSchema }>;
  /** Rises when the payload's shape changes; older payloads must still parse. */
  readonly payloadVersion: number;
  readonly queue: QueueName;
  readonly maxAttempts: number;
  /** First back-off in ms; doubles with each attempt, full jitter, capped. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** How long a worker may be silent, in ms. Beats renew it. */
  readonly leaseMs: number;
}

const tenantPayload = { clientCode: clientCodeSchema };
const standard = {
  payloadVersion: 1,
  queue: "crm",
  maxAttempts: 10,
  backoffMs: 1_000,
  maxBackoffMs: 15 * 60_000,
  leaseMs: 30_000,
} as const;

const jobCatalog = {
  /** Turn stored webhook items into leads, conversations, messages and statuses. */
  "whatsapp.inbound": {
    ...standard,
    payload: z.object({ ...tenantPayload, webhookEventIds: z.array(objectIdSchema).min(1).max(100) }),
  },
  /** Send one stored message. */
  "whatsapp.send": { ...standard, payload: z.object({ ...tenantPayload, messageId: objectIdSchema }) },
  /** Tell Meta that a conversation was read. Late it is of no use to anybody. */
  "whatsapp.read": {
    ...standard,
    maxAttempts: 4,
    payload: z.object({ ...tenantPayload, conversationId: objectIdSchema }),
  },
  /** Read a WABA's templates from Meta. */
  "templates.sync": { ...standard, payload: z.object({ ...tenantPayload, connectionId: objectIdSchema }) },
  /** Have all of a tenant's WhatsApp accounts read, one after the other. */
  "templates.refresh": { ...standard, maxAttempts: 3, payload: z.object(tenantPayload) },
  /** Fetch inbound media from Meta into our storage. */
  "media.download": { ...standard, payload: z.object({ ...tenantPayload, mediaId: objectIdSchema }) },
  /** Compress or transcode stored media. */
  "media.process": {
    ...standard,
    queue: "media",
    maxAttempts: 4,
    leaseMs: 60_000,
    payload: z.object({ ...tenantPayload, mediaId: objectIdSchema }),
  },
  /** Go on with a run: a delay is over, a step is to be retried. */
  "automation.run": { ...standard, payload: z.object({ ...tenantPayload, runId: objectIdSchema }) },
  /** Begin some of the runs that were enrolled together. */
  "automation.begin": {
    ...standard,
    payload: z.object({ ...tenantPayload, runIds: z.array(objectIdSchema).min(1).max(100) }),
  },
  /** Move what is left of a lead that was merged into another. */
  "lead.merge": { ...standard, payload: z.object({ ...tenantPayload, leadId: objectIdSchema }) },
  /** Make anew what every lead is found by. */
  "leads.reindex": { ...standard, payload: z.object(tenantPayload) },
  /** Tell that a task is due. */
  "task.due": { ...standard, payload: z.object({ ...tenantPayload, taskId: objectIdSchema }) },
  /** Bring a file of leads in, or try it out: some seconds of it, then again from where it stands. */
  "leads.import": {
    ...standard,
    maxAttempts: 5,
    payload: z.object({ ...tenantPayload, importId: objectIdSchema }),
  },
  /** Move the leads of deleted stages to where they go. */
  "pipelines.clear": {
    ...standard,
    payload: z.object({ ...tenantPayload, pipelineId: objectIdSchema }),
  },
  /** Spread the ranks of a crowded column. `rank` is where it is crowded. */
  "stage.spread": {
    ...standard,
    maxAttempts: 4,
    leaseMs: 60_000,
    payload: z.object({ ...tenantPayload, stageId: objectIdSchema, rank: z.string().max(1_000) }),
  },
  /** Write leads into a file. */
  "leads.export": {
    ...standard,
    maxAttempts: 5,
    payload: z.object({ ...tenantPayload, exportId: objectIdSchema }),
  },
  /** Open a snoozed conversation again. */
  "conversation.wake": {
    ...standard,
    payload: z.object({ ...tenantPayload, conversationId: objectIdSchema }),
  },
  /** A rule's time has come: start it for the leads that it is for. `after` is where a long list goes on. */
  "automation.timer": {
    ...standard,
    payload: z.object({
      ...tenantPayload,
      ruleId: objectIdSchema,
      version: z.number().int(),
      at: z.iso.datetime(),
      after: objectIdSchema.optional(),
    }),
  },
  /** A lead may have been silent for as long as a rule says. */
  "automation.no_reply": {
    ...standard,
    payload: z.object({ ...tenantPayload, ruleId: objectIdSchema, conversationId: objectIdSchema }),
  },
  /** Start a rule for leads that somebody chose. */
  "automation.enroll": {
    ...standard,
    payload: z.object({
      ...tenantPayload,
      ruleId: objectIdSchema,
      batchId: objectIdSchema,
      leadIds: z.array(objectIdSchema).min(1).max(100),
    }),
  },
  /** Some seconds of a broadcast: note who gets it, hand messages over as fast as the number may send. */
  "broadcast.run": { ...standard, payload: z.object({ ...tenantPayload, broadcastId: objectIdSchema }) },
  /** Start a rule for everybody in a search: some seconds of it, then again from where it stands. */
  "automation.enroll_search": {
    ...standard,
    payload: z.object({ ...tenantPayload, enrollmentId: objectIdSchema }),
  },
  /** Take up what a crash left behind in one tenant. */
  "tenant.sweep": { ...standard, maxAttempts: 3, payload: z.object(tenantPayload) },
  /** Store quarantined webhook items of a tenant that answers again. */
  "quarantine.replay": { ...standard, payload: z.object(tenantPayload) },
  /** Delete everything that is stored about a person. */
  "person.erase": {
    ...standard,
    leaseMs: 60_000,
    payload: z.object({ ...tenantPayload, erasureId: objectIdSchema }),
  },
} as const satisfies Record<string, JobDefinition>;

export type JobCatalog = typeof jobCatalog;
export type JobName = keyof JobCatalog;
export type JobPayload<K extends JobName> = z.infer<JobCatalog[K]["payload"]>;
export type JobPayloadInput<K extends JobName> = z.input<JobCatalog[K]["payload"]>;

/** The definition with its payload's own type. */
export type JobDefinitionOf<K extends JobName> = Omit<JobDefinition, "payload"> & {
  readonly payload: z.ZodType<JobPayload<K>>;
};
const definitions: { readonly [K in JobName]: JobDefinitionOf<K> } = jobCatalog;

/** The catalogue's entry for a type. */
export function jobDefinition<K extends JobName>(type: K): JobDefinitionOf<K> {
  return definitions[type];
}

/** Whether this build knows the type; a job of a newer release may be in the queue. */
export function isJobName(type: string): type is JobName {
  return Object.hasOwn(jobCatalog, type);
}

export const jobNames: readonly JobName[] = Object.keys(jobCatalog).filter(isJobName);
