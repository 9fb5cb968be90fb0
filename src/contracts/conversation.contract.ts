/** Conversations: one per lead and WhatsApp number, as the API takes and shows them. */
import * as z from "zod";
import {
  objectIdSchema,
  pageQuery,
  tagSchema,
  timestampInputSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { inboxWordsSchema } from "./conversation.search.contract";
import { userIdSchema } from "./user.contract";

export const conversationStatusSchema = z
  .enum(["open", "pending", "snoozed", "resolved"])
  .meta({ description: "A new message from the customer opens it again.", example: "open" });
export const conversationPrioritySchema = z
  .enum(["none", "low", "medium", "high", "urgent"])
  .meta({ description: "Priority.", example: "high" });

const assigneeSchema = userIdSchema.meta({ description: "Who answers: key of a user.", example: "maria" });
const labelSchema = tagSchema.normalize("NFC").meta({ description: "Label.", example: "billing" });

export const conversationSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    leadId: objectIdSchema.meta({ description: "The customer." }),
    channel: z.literal("whatsapp").meta({ description: "How the two write to each other." }),
    connectionId: objectIdSchema.meta({ description: "The WhatsApp number it runs over." }),
    status: conversationStatusSchema,
    snoozedUntil: timestampSchema
      .nullable()
      .meta({ description: "When it opens again by itself; null: it is not snoozed." }),
    priority: conversationPrioritySchema,
    assigneeId: z
      .string()
      .nullable()
      .meta({ description: "Who answers: key of a user; null: nobody.", example: "maria" }),
    teamId: objectIdSchema.nullable().meta({ description: "The team that answers; null: none." }),
    participantIds: z.array(z.string()).meta({ description: "Who else follows it: keys of users." }),
    labels: z.array(z.string()).meta({ description: "Labels, without duplicates.", example: ["billing"] }),
    unreadCount: z
      .number()
      .int()
      .nonnegative()
      .meta({ description: "Messages of the customer since it was last read.", example: 2 }),
    lastMessage: z
      .object({
        id: objectIdSchema,
        preview: z.string().meta({ description: "Its beginning, or what it is.", example: "Hello" }),
        direction: z
          .enum(["inbound", "outbound"])
          .meta({ description: "From the customer, or to them.", example: "inbound" }),
        at: timestampSchema,
      })
      .nullable()
      .meta({ description: "The latest message; null: there is none yet." }),
    lastInboundAt: timestampSchema.nullable().meta({ description: "When the customer last wrote." }),
    windowExpiresAt: timestampSchema
      .nullable()
      .meta({ description: "Until then anything may be sent; afterwards templates only." }),
    waitingSince: timestampSchema
      .nullable()
      .meta({ description: "The customer's first message that nobody has answered." }),
    firstReplyAt: timestampSchema.nullable().meta({ description: "When the customer was first answered." }),
    resolvedAt: timestampSchema.nullable().meta({ description: "When it was resolved; null: it is not." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Conversation", description: "All messages with one lead over one number." });
export type Conversation = z.output<typeof conversationSchema>;

export const openConversationBodySchema = z.strictObject({
  leadId: objectIdSchema.meta({ description: "Whom to write to." }),
  connectionId: objectIdSchema
    .optional()
    .meta({ description: "WhatsApp number to write from; the tenant's default number when absent." }),
});

export const changeConversationBodySchema = z
  .strictObject({
    status: conversationStatusSchema.optional(),
    snoozedUntil: timestampInputSchema.nullish().meta({
      description: "When a snoozed one opens again by itself.",
      example: "2026-12-01T09:00:00.000Z",
    }),
    priority: conversationPrioritySchema.optional(),
    assigneeId: assigneeSchema.nullish(),
    teamId: objectIdSchema.nullish().meta({ description: "The team that answers; null: none." }),
    labels: z
      .array(labelSchema)
      .max(50)
      .optional()
      .meta({ description: "All labels from now on.", example: ["billing"] }),
  })
  .refine((body) => body.status !== "snoozed" || Boolean(body.snoozedUntil), {
    error: "a snoozed conversation needs snoozedUntil",
    path: ["snoozedUntil"],
  })
  .meta({ example: { status: "resolved" } });
export type ChangeConversationBody = z.output<typeof changeConversationBodySchema>;

const yesSchema = z.literal("true").transform(() => true);

export const conversationListQuerySchema = z.strictObject({
  ...pageQuery,
  channel: z.literal("whatsapp").optional().meta({ description: "Only those over it.", example: "whatsapp" }),
  status: conversationStatusSchema.optional(),
  assigneeId: assigneeSchema.optional(),
  unassigned: yesSchema.optional().meta({ description: "Only those that nobody answers.", example: "true" }),
  teamId: objectIdSchema.optional().meta({ description: "Only those of this team." }),
  participantId: userIdSchema.optional().meta({ description: "Only those that this user follows." }),
  label: labelSchema.optional(),
  priority: conversationPrioritySchema.optional(),
  leadId: objectIdSchema.optional().meta({ description: "Only those with this lead." }),
  connectionId: objectIdSchema.optional().meta({ description: "Only those over this WhatsApp number." }),
  q: inboxWordsSchema.optional(),
  sort: z.enum(["recent", "waiting"]).default("recent").meta({
    description: "`recent`: the latest message first. `waiting`: only those who wait, the longest first.",
    example: "recent",
  }),
  unread: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional()
    .meta({ description: "Only those with unread messages.", example: "true" }),
});
export type ConversationListQuery = z.output<typeof conversationListQuerySchema>;

export const readConversationBodySchema = z
  .strictObject({
    sendReceipt: z.boolean().optional().meta({
      description: "Also show the customer that their messages were read.",
      example: true,
    }),
  })
  .meta({ id: "ReadConversation", example: { sendReceipt: true } });

export const snoozeConversationSchema = z
  .strictObject({
    until: timestampInputSchema.meta({
      description: "When it opens again by itself, at most a year ahead; a new message opens it before.",
      example: "2030-01-02T09:00:00.000Z",
    }),
  })
  .meta({ id: "Snooze" });

const atMostFifty = <T extends z.ZodType>(item: T) => z.array(item).max(50);

export const changeLabelsSchema = z
  .strictObject({
    add: atMostFifty(labelSchema)
      .default([])
      .meta({ description: "Labels to add.", example: ["billing"] }),
    remove: atMostFifty(labelSchema).default([]).meta({ description: "Labels to take away.", example: [] }),
  })
  .meta({ id: "LabelChange", example: { add: ["billing"] } });

export const changeParticipantsSchema = z
  .strictObject({
    add: atMostFifty(userIdSchema)
      .default([])
      .meta({ description: "Who follows it from now on.", example: [] }),
    remove: atMostFifty(userIdSchema).default([]).meta({ description: "Who does no more.", example: [] }),
  })
  .meta({ id: "ParticipantChange", example: { add: [] } });

export const privateNoteSchema = z
  .strictObject({
    text: z
      .string()
      .trim()
      .min(1)
      .max(10_000)
      .meta({ description: "For colleagues; it is never sent.", example: "Offer her the old price." }),
    mentions: atMostFifty(userIdSchema)
      .default([])
      .meta({ description: "Who is notified, and follows the conversation from now on.", example: [] }),
  })
  .meta({ id: "PrivateNote", example: { text: "Offer her the old price." } });
export type PrivateNote = z.output<typeof privateNoteSchema>;

const countSchema = z.number().int().nonnegative();
export const conversationCountsSchema = z
  .object({
    open: countSchema.meta({ description: "To be answered." }),
    pending: countSchema.meta({ description: "Waiting for something else." }),
    snoozed: countSchema.meta({ description: "Put off until a time." }),
    resolved: countSchema.meta({ description: "Done with." }),
    unread: countSchema.meta({ description: "With unread messages, whatever their state." }),
    waiting: countSchema.meta({ description: "In which somebody waits for an answer." }),
    unassigned: countSchema.meta({ description: "Open and pending ones that nobody answers." }),
    byAssignee: z.record(z.string(), countSchema).meta({ description: "Open and pending ones by user." }),
    byTeam: z.record(z.string(), countSchema).meta({ description: "Open and pending ones by team id." }),
  })
  .meta({ id: "ConversationCounts", description: "How many conversations there are of each kind." });
export type ConversationCounts = z.output<typeof conversationCountsSchema>;

export const listMessagesQuery = z
  .strictObject({
    ...pageQuery,
    before: objectIdSchema
      .optional()
      .meta({ description: "Only messages before this one, the nearest first." }),
    after: objectIdSchema
      .optional()
      .meta({ description: "Only messages after this one, the nearest first." }),
  })
  .refine(({ before, after }) => before === undefined || after === undefined, {
    error: "give before or after, not both",
    path: ["after"],
  });
export type ListMessages = z.output<typeof listMessagesQuery>;
