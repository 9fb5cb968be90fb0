/** Broadcasts: one template to everybody whom a search finds. */
import * as z from "zod";
import { audienceSchema } from "./audience.contract";
import {
  actorSchema,
  objectIdSchema,
  pageQuery,
  timestampInputSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { templateLanguageSchema } from "./outgoing.content.contract";
import { sendWindowSchema } from "./send.window.contract";
import { textLine } from "./text.contract";

const name = textLine(120).meta({ description: "What it is called in reports.", example: "Spring offer" });

const templateSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9_]{1,512}$/, "must be a template's name")
      .meta({ description: "Name of the template.", example: "spring_offer" }),
    language: templateLanguageSchema
      .optional()
      .meta({ description: "May be left out when the template has only one.", example: "en_US" }),
    variables: z
      .record(z.string().min(1).max(64), z.string().max(1_024))
      .default({})
      .meta({
        description:
          "Texts for the template's variables, by name or place; variables of rules (`lead`, `tenant`).",
        example: { name: '{{lead.firstName | default: "there"}}' },
      }),
  })
  .meta({ id: "BroadcastTemplate", description: "The template and what its variables say." });
const whatToSend = templateSchema.meta({ description: "What everybody gets." });

const capChoices = z.enum(["defer", "skip", "ignore"]);
const capDescription =
  "For people to whom rules and broadcasts wrote often enough: wait, leave out, or send all the same.";
const frequencyCap = capChoices.meta({ description: capDescription, example: "defer" });

const plan = {
  name,
  template: whatToSend,
  audience: audienceSchema.meta({ description: "To whom; found out when it starts." }),
  connectionId: objectIdSchema
    .optional()
    .meta({ description: "From which number; the default one when absent." }),
  sendWindow: sendWindowSchema.optional(),
  frequencyCap: capChoices.default("defer").meta({ description: capDescription }),
  requireOptIn: z
    .boolean()
    .default(false)
    .meta({ description: "Only to people who opted in; else to all who did not opt out.", example: true }),
};

export const createBroadcastSchema = z.strictObject(plan).meta({
  id: "BroadcastInput",
  example: {
    name: "Spring offer",
    template: { name: "spring_offer", variables: { name: '{{lead.firstName | default: "there"}}' } },
    audience: { condition: { all: [{ field: "lead.tags", op: "any_of", value: ["newsletter"] }] } },
  },
});
export type CreateBroadcast = z.output<typeof createBroadcastSchema>;

export const updateBroadcastSchema = z
  .strictObject({
    name: name.optional(),
    template: whatToSend.optional(),
    audience: audienceSchema.optional(),
    connectionId: objectIdSchema.nullable().optional().meta({ description: "Null: the default number." }),
    sendWindow: sendWindowSchema.nullable().optional(),
    frequencyCap: frequencyCap.optional(),
    requireOptIn: z.boolean().optional().meta({ description: "Only to people who opted in.", example: true }),
  })
  .meta({ id: "BroadcastPatch", example: { name: "Spring offer, second try" } });
export type UpdateBroadcast = z.output<typeof updateBroadcastSchema>;

export const startBroadcastSchema = z
  .strictObject({
    at: timestampInputSchema
      .optional()
      .meta({ description: "When; now when absent.", example: "2026-12-01T09:00:00.000Z" }),
  })
  .meta({ id: "BroadcastStart", example: {} });

export const broadcastStates = ["draft", "scheduled", "running", "paused", "stopped", "done"] as const;
const broadcastStateSchema = z.enum(broadcastStates).meta({
  description:
    "`paused` goes on by `resume`; `stopped` is for good; `done`: everybody had their turn, and the report still moves.",
  example: "running",
});

/** What holds it up. */
const holdSchema = z.object({
  code: z.string().meta({ description: "Why.", example: "number-paused" }),
  detail: z.string().meta({ description: "The same for people." }),
  until: timestampSchema.nullable().meta({ description: "When it goes on by itself, if that is known." }),
});

export const broadcastSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    name,
    state: broadcastStateSchema,
    template: templateSchema.required({ variables: true }).meta({ description: "What everybody gets." }),
    audience: audienceSchema,
    connectionId: objectIdSchema
      .nullable()
      .meta({ description: "The number; null: the default one at the start." }),
    sendWindow: sendWindowSchema.nullable(),
    frequencyCap,
    requireOptIn: z.boolean().meta({ description: "Whether only people who opted in get it." }),
    hold: holdSchema.nullable().meta({
      description: "Why it does not go on now: a limit, the window, or what made it pause by itself.",
    }),
    recipients: z
      .number()
      .int()
      .nullable()
      .meta({ description: "How many people the search found; null until all are counted.", example: 1200 }),
    startAt: timestampSchema.nullable(),
    startedAt: timestampSchema.nullable(),
    endedAt: timestampSchema.nullable(),
    createdBy: actorSchema,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Broadcast", description: "One template to everybody whom a search finds." });
export type Broadcast = z.input<typeof broadcastSchema>;

export const listBroadcastsQuery = z.strictObject({
  ...pageQuery,
  state: broadcastStateSchema
    .optional()
    .meta({ description: "Only those in this state.", example: "running" }),
});
export type ListBroadcasts = z.output<typeof listBroadcastsQuery>;

const count = (description: string) => z.number().int().meta({ description, example: 0 });

export const broadcastReportSchema = z
  .object({
    recipients: count("People found so far."),
    pending: count("Those who have not had their turn."),
    skipped: count("Those who were left out; see `skippedByCode`."),
    handedOver: count("Those for whom there is a message."),
    progress: z.number().min(0).max(1).meta({ description: "How far it is, 0 to 1.", example: 0.4 }),
    queued: count("Messages that wait to be sent or are being sent."),
    accepted: count("Messages that WhatsApp took."),
    delivered: count("Of those: delivered, read ones included."),
    read: count("Of those: read."),
    failed: count("Messages that failed; see `failedByCode`."),
    unknown: count("Messages of which nobody knows whether WhatsApp took them."),
    replied: count("People who answered within a week."),
    failedByCode: z
      .array(
        z.object({
          code: z
            .number()
            .int()
            .nullable()
            .meta({ description: "Meta's code; null: not sent by us.", example: 131026 }),
          title: z.string().meta({ description: "What it means.", example: "Cannot be delivered" }),
          count: count("How many."),
        }),
      )
      .meta({ description: "Failed messages by Meta's code, most first." }),
    skippedByCode: z
      .array(
        z.object({
          code: z.string().meta({ description: "Why they were left out.", example: "opted_out" }),
          count: count("How many."),
        }),
      )
      .meta({ description: "People left out by reason, most first." }),
  })
  .meta({ id: "BroadcastReport", description: "How far a broadcast is, and what became of its messages." });
export type BroadcastReport = z.input<typeof broadcastReportSchema>;

export const recipientStates = ["pending", "sent", "skipped"] as const;
const recipientStateSchema = z
  .enum(recipientStates)
  .meta({ description: "`sent`: there is a message; its own status tells the rest.", example: "skipped" });

export const broadcastRecipientSchema = z
  .object({
    leadId: objectIdSchema,
    state: recipientStateSchema,
    code: z
      .string()
      .nullable()
      .meta({ description: "Why skipped, or what it waits for.", example: "opted_out" }),
    detail: z.string().nullable().meta({ description: "The same for people." }),
    dueAt: timestampSchema.nullable().meta({ description: "While pending: not before this." }),
    messageId: objectIdSchema.nullable(),
    sentAt: timestampSchema.nullable().meta({ description: "When the message was handed over." }),
    repliedAt: timestampSchema.nullable().meta({ description: "When the person answered." }),
  })
  .meta({ id: "BroadcastRecipient", description: "One person of a broadcast." });
export type BroadcastRecipient = z.input<typeof broadcastRecipientSchema>;

export const listRecipientsQuery = z.strictObject({
  ...pageQuery,
  state: recipientStateSchema.optional().meta({ description: "Only those.", example: "skipped" }),
});
export type ListRecipients = z.output<typeof listRecipientsQuery>;

export const broadcastPreviewSchema = z
  .object({
    recipients: count("People whom the search finds now."),
    samples: z
      .array(
        z.object({
          leadId: objectIdSchema,
          text: z.string().nullable().meta({ description: "The message as this person would read it." }),
          skipped: z.string().nullable().meta({ description: "Why this person would be left out." }),
        }),
      )
      .meta({ description: "The first few people." }),
  })
  .meta({ id: "BroadcastPreview", description: "What a broadcast would do now, for the first few people." });
export type BroadcastPreview = z.input<typeof broadcastPreviewSchema>;
